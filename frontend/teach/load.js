// Runs once when Gradio has placed the component; everything else lives in modules beside this file.
import(new URL('teach/main.js', document.baseURI).href).then(({ mount }) =>
  mount(element, {
    legend: props.legend,
    limits: props.limits,
    fetchToken: () => server.stream_token(),
    learn: (shots) => server.learn(shots),
  }),
);
