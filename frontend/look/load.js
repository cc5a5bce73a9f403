// Runs once when Gradio has placed the masthead; the ticket comes with the page's load event.
const stay = () =>
  props.ticket && import(new URL('look/presence.js', document.baseURI).href).then((module) => module.stay(props.ticket));
watch('ticket', stay);
stay();
