// Mends what assistive technology trips over in Gradio's components, wherever and whenever they appear.

/** The gallery's upload sign is a button inside a button: the outer one becomes a plain group around the inner. */
function mendNested() {
  for (const inner of document.querySelectorAll('button button.upload-container')) {
    const outer = inner.parentElement.closest('button');
    if (outer.getAttribute('role') === 'group') continue;
    outer.setAttribute('role', 'group');
    outer.tabIndex = -1;
  }
}

new MutationObserver(mendNested).observe(document.body, { childList: true, subtree: true });
mendNested();
