"""HTTP and WebSocket service: decodes pictures, finds and crops faces, has the queue read them."""
