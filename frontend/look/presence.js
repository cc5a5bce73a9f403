// Tells the server that this page is open: its uploads and results there go when this socket ends.

const AGAIN_MS = 3000;
const FORBIDDEN = 4403;

let socket = null;

/** Stay connected as the page that `ticket` was made for. */
export function stay(ticket) {
  if (socket) socket.onclose = null;
  socket?.close();
  const url = new URL(`ws/page/${ticket}`, document.baseURI);
  url.protocol = url.protocol.replace('http', 'ws');
  socket = new WebSocket(url);
  socket.onclose = ({ code }) => {
    if (code !== FORBIDDEN) setTimeout(stay, AGAIN_MS, ticket);
  };
}
