// Put before the page's own scripts: keeps every answer that the capturing worker hands to the page.
(() => {
  window.__answers = [];
  window.Worker = class extends Worker {
    constructor(...all) {
      super(...all);
      this.addEventListener('message', ({ data }) => data.type === 'answer' && window.__answers.push(data.answer));
    }
  };
})();
