"""nginx with nchan, both from Debian, one worker."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from benchmarks.cores import Cores
from benchmarks.peers import installing, process
from benchmarks.peers.peer import Lacking, Running, http_published

MODULE = "usr/lib/nginx/modules/ngx_nchan_module.so"
# nchan keeps to the place that Debian's package makes, whatever the configuration says.
INSISTS_ON = Path("/var/lib/nginx")
# The buffer is as long as orderflow's ring.
CONFIGURATION = """load_module {module};
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {place}/nginx.pid;
error_log stderr;
events {{ worker_connections 18000; }}
http {{
    access_log off;
    client_body_temp_path {place}/bodies;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    keepalive_requests 1000000000;
    nchan_max_reserved_memory 256m;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /ws {{
            nchan_subscriber websocket;
            nchan_channel_id board;
            nchan_subscriber_first_message newest;
        }}
        location = /publish {{
            nchan_publisher;
            nchan_channel_id board;
            nchan_message_buffer_length 1000;
        }}
    }}
}}
"""


class Nchan:
    """`libnginx-mod-nchan`."""

    name = "nchan"
    about = "nginx + nchan"

    def install(self, cache: Path) -> str:
        debian = installing.unpacked(cache, "libnginx-mod-nchan", "nginx")
        roots = (debian.root, Path("/"))
        self._libraries = debian.libraries
        self._module = installing.first(roots, MODULE)
        self._nginx = installing.first(roots, "usr/sbin/nginx")
        try:
            INSISTS_ON.mkdir(exist_ok=True)
        except OSError as error:
            raise Lacking(f"nchan insists on {INSISTS_ON}, which cannot be made: {error.strerror}") from None
        said = installing.run([self._nginx, "-V"], environment={"LD_LIBRARY_PATH": self._libraries})
        return (
            f"{said.split()[2].replace('/', ' ')}, nchan {debian.versions.get('libnginx-mod-nchan', 'of this machine')}"
        )

    @contextlib.contextmanager
    def running(self, place: Path, cores: Cores) -> Iterator[Running]:
        port = process.free_port()
        file = place / "nginx.conf"
        file.write_text(CONFIGURATION.format(module=self._module, place=place, port=port))
        command = [str(self._nginx), "-p", str(place), "-c", str(file), "-e", "stderr"]
        environment = {"LD_LIBRARY_PATH": self._libraries}
        with process.serving(command, port, place, cores.serving, environment) as master:
            yield http_published(port, process.children(master))
