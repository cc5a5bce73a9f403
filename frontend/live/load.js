// Runs once when Gradio has placed the component; everything else lives in modules beside this file.
import(new URL('live/main.js', document.baseURI).href).then(({ mount }) =>
  mount(element, { legend: props.legend, fetchToken: () => server.stream_token() }),
);
