"""What Prometheus sees of the page. It is told on a port of its own, since the page's port is open to everybody."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

streams = Gauge("moodstream_page_streams", "Streams that browsers hold through this page.")
messages = Counter("moodstream_page_messages", "Messages relayed.", ["direction"])
refused = Counter("moodstream_page_streams_refused", "Streams refused, by what was missing.", ["reason"])
