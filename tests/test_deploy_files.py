"""What runs orderflow elsewhere: the compose file, the image, the proxies, and what is written about them."""

import asyncio
import os
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy.engine import URL, make_url

from orderflow import __main__, serving
from orderflow.http.body import MAX_BYTES
from orderflow.http.protocol import MAX_HEADER_BYTES, MAX_URL_BYTES
from orderflow.settings import Settings
from tests.redis_server import RedisServer
from tests.servers import CHECKOUT, SECRET

COMPOSE = (CHECKOUT / "compose.yaml").read_text()
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text()
OPERATIONS = (CHECKOUT / "docs" / "operations.md").read_text()
CADDYFILE = (CHECKOUT / "Caddyfile").read_text()
NGINX = OPERATIONS.split("```nginx\n")[1].split("```")[0]
SERVICES: dict[str, Any] = yaml.safe_load(COMPOSE)["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "orderflow"}
SECRETS = {"POSTGRES_PASSWORD", "SECRET_KEY"}
PROGRAMS = Path(sys.executable).parent
SIZES = {"k": 1024, "KB": 1000, "": 1}


def checked(program: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(PROGRAMS / program), *options]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)


def test_the_compose_file_is_one_by_the_specification() -> None:
    done = checked("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml")

    assert done.returncode == 0, done.stdout


def test_the_linter_of_dockerfiles_has_nothing_to_say() -> None:
    done = checked("hadolint", "--no-color", "Dockerfile")

    assert (done.returncode, done.stdout) == (0, "")


def test_nothing_starts_without_its_secrets_and_none_stands_in_the_file() -> None:
    asked = set(re.findall(r"\$\{(\w+)(:[-?])", COMPOSE))

    assert {(name, way) for name, way in asked if way == ":?" or name in SECRETS} == {(name, ":?") for name in SECRETS}
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|KEY|TOKEN", name):
                assert re.fullmatch(r"\$\{\w+:(\?[\w ]+|-)\}", value), name


def test_every_setting_reaches_the_containers_and_is_explained() -> None:
    given_by_the_image = set(re.findall(r"(\w+)=", DOCKERFILE.split("ENV ")[1].splitlines()[0]))

    for name in (field.upper() for field in Settings.model_fields):
        assert f"`{name}`" in OPERATIONS
        for service in OURS.values():
            assert name in service["environment"] or name in given_by_the_image, name


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_container_runs_a_command_that_there_is(name: str) -> None:
    assert callable(__main__._parser().parse_args(OURS[name]["command"]).command)


def test_every_container_starts_when_what_it_needs_is_there_and_has_time_to_end() -> None:
    needs = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}

    conditions = {condition["condition"] for need in needs.values() for condition in need.values()}
    assert conditions == {"service_healthy", "service_completed_successfully"}
    assert {on for need in needs.values() for on, how in need.items() if how["condition"] == "service_healthy"} <= {
        name for name, service in SERVICES.items() if "healthcheck" in service
    }
    assert set(needs["serve"]) == {"migrate", "redis"}
    assert set(needs["work"]) == {"migrate"}
    for service in OURS.values():
        assert int(service["stop_grace_period"].removesuffix("s")) > 15


def test_what_is_kept_is_kept_in_volumes_and_only_proxies_are_open_to_the_world() -> None:
    named = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}

    assert named - {"./Caddyfile"} == set(yaml.safe_load(COMPOSE)["volumes"])
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"serve", "caddy"}
    assert SERVICES["serve"]["ports"] == ["${BIND:-127.0.0.1}:${PORT:-8000}:8000"]
    assert SERVICES["caddy"]["profiles"] == ["tls"]


def test_the_image_runs_as_nobody_in_particular_and_is_built_from_what_the_wheel_needs() -> None:
    lines = DOCKERFILE.splitlines()
    copying = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    allowed = [line[1:] for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    written = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    project, wheel = written["project"], written["tool"]["hatch"]["build"]["targets"]["wheel"]

    needed = {project["readme"], *project["license-files"], *wheel["packages"], *wheel["force-include"]}
    assert {"pyproject.toml", *needed} == set(chain(*copying)) == set(allowed)
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001"]


def filled(written: dict[str, str], **given: str) -> dict[str, str]:
    """An environment of the compose file as compose fills it from what is given, defaults within defaults too."""

    def value(found: re.Match[str]) -> str:
        return given.get(found[1]) or found[2].removeprefix("-")

    made = {name: re.sub(r"\$\{(\w+):([-?][^${}]*)\}", value, text) for name, text in written.items()}
    return made if made == written else filled(made, **given)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "http://localhost:8000"),
        ({"PORT": "8010"}, "http://localhost:8010"),
        ({"PORT": "8010", "PUBLIC_URL": "https://orders.example.com"}, "https://orders.example.com"),
    ],
)
def test_the_public_address_goes_where_the_port_goes_unless_it_is_set(given: dict[str, str], address: str) -> None:
    for name, service in SERVICES.items():
        if "PUBLIC_URL" in service.get("environment", {}):
            assert filled(service["environment"], **given)["PUBLIC_URL"] == address, name


class Composed:
    """The services of the compose file as processes of this machine: their environment, commands and health checks."""

    def __init__(self, database_url: str, redis_url: str, data: Path) -> None:
        url = make_url(database_url)
        bare = URL.create("postgresql", username=url.username, database=url.database, query=url.query)
        self.given = {"POSTGRES_PASSWORD": str(url.password), "SECRET_KEY": SECRET}
        self.places = {
            "DATABASE_URL": bare.render_as_string(),
            "REDIS_URL": redis_url,
            "ORDERFLOW_DATA": str(data),
            "PYTHONPATH": str(CHECKOUT),
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        }

    def environment(self, service: str) -> dict[str, str]:
        return filled(SERVICES[service]["environment"], **self.given) | self.places

    def run(self, service: str) -> subprocess.CompletedProcess[str]:
        """Run one that ends."""
        command = [sys.executable, "-P", "-m", "orderflow", *SERVICES[service]["command"]]
        return subprocess.run(command, env=self.environment(service), capture_output=True, text=True, check=False)

    def try_serve(self) -> tuple[bool, int, bool]:
        """Serve: is it healthy, with which exit code does it end when told to, and is it healthy then?"""
        command = [sys.executable, "-P", "-m", "orderflow", *SERVICES["serve"]["command"], "--port", "0"]
        with subprocess.Popen(command, env=self.environment("serve"), stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            address = process.stdout.readline().split()[-1].rstrip("/")
            is_healthy = self.is_healthy(address)
            process.terminate()
        return is_healthy, process.returncode, self.is_healthy(address)

    def is_healthy(self, address: str) -> bool:
        """Ask as the health check does, at another port."""
        way, *command = SERVICES["serve"]["healthcheck"]["test"]
        assert way == "CMD"
        asked = [part.replace("http://127.0.0.1:8000", address) for part in command]
        return subprocess.run(asked, env=self.places, capture_output=True, check=False).returncode == 0


async def test_the_services_work_together_as_the_compose_file_has_them(
    database_url: str, redis: RedisServer, tmp_path: Path
) -> None:
    composed = Composed(database_url, redis.url, tmp_path)

    migrated = await asyncio.to_thread(composed.run, "migrate")
    is_healthy, was_told_to_end, is_healthy_afterwards = await asyncio.to_thread(composed.try_serve)

    assert (migrated.returncode, migrated.stdout) == (0, "nothing to do\n"), migrated.stderr
    assert (is_healthy, was_told_to_end, is_healthy_afterwards) == (True, 0, False)


def size(text: str, pattern: str) -> int:
    """A size in a proxy's configuration, in bytes."""
    found = re.search(pattern + r"(\d+)(k|KB)?;?$", text, re.MULTILINE)
    assert found is not None, pattern
    return int(found[1]) * SIZES[found[2] or ""]


def seconds(text: str, name: str) -> int:
    found = re.search(rf"^\s*{name} (\d+)s;?$", text, re.MULTILINE)
    assert found is not None, name
    return int(found[1])


def test_proxies_leave_it_to_orderflow_to_say_what_is_too_large() -> None:
    assert size(NGINX, "client_max_body_size ") > MAX_BYTES
    assert size(CADDYFILE, "max_size ") > MAX_BYTES
    assert size(NGINX, "large_client_header_buffers 4 ") > max(MAX_HEADER_BYTES, MAX_URL_BYTES)


def test_proxies_end_no_socket_that_lives_and_meet_no_connection_that_is_being_closed() -> None:
    config = serving.configured(Settings.model_construct(host="127.0.0.1", port=0, forwarded_allow_ips=""), "none")

    assert config.ws_ping_interval is not None
    for name in ("proxy_read_timeout", "proxy_send_timeout"):
        assert seconds(NGINX, name) > 2 * config.ws_ping_interval
    for text, name in ((NGINX, "keepalive_timeout"), (CADDYFILE, "keepalive")):
        assert seconds(text, name) < config.timeout_keep_alive
