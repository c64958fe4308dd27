"""PostgreSQL and RabbitMQ servers of our own: started in a folder that is thrown away, listening on 127.0.0.1 only, stopped again.

The runner uses them where no server answers, and a test uses ``PrivateRabbit`` to take a broker away and bring it back.
"""

import getpass
import os
import pwd
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Self

from tests.waiting import wait_until

AMQP_HELLO = b"AMQP\x00\x00\x09\x01"
_STARTING = 90.0
_STOPPING = 30.0


_given: set[int] = set()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on just now, and that this process was not given before: the kernel repeats itself."""
    while True:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = int(listener.getsockname()[1])
        if port not in _given:
            _given.add(port)
            return port


class PrivatePostgres:
    """A PostgreSQL server with its data in ``folder``, trusting whoever connects from this machine."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._data = folder / "data"
        self._port = free_port()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/postgres"

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        owner = _unprivileged()
        if owner is not None:
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        self._run(
            "initdb", "--pgdata", str(self._data), "--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"
        )
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -k {self._folder} -c fsync=off -c max_connections=200"
        self._run("pg_ctl", "--pgdata", str(self._data), "--log", str(self._folder / "log"), "--options", options, "--wait", "start")
        return self

    def __exit__(self, *_: object) -> None:
        self._run("pg_ctl", "--pgdata", str(self._data), "--mode=immediate", "--wait", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        """PostgreSQL refuses to run as root, so root runs it as somebody else."""
        owner = _unprivileged()
        subprocess.run(
            [str(self._programs / program), *arguments],
            check=True,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_STARTING,
            user=None if owner is None else owner.pw_uid,
            group=None if owner is None else owner.pw_gid,
            extra_groups=None if owner is None else [],
        )


def _unprivileged() -> pwd.struct_passwd | None:
    """Who runs PostgreSQL: nobody else unless we are root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


class PrivateRabbit:
    """A RabbitMQ node with its data in ``folder`` and a name server of its own; it can be stopped, killed and started again."""

    def __init__(self, server: str, folder: Path) -> None:
        beside = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
        # Debian's /usr/sbin/rabbitmq-server changes user and folder; the program behind it does not.
        self._server = str(beside) if beside.exists() else server
        self._folder = folder
        self._port, self._distribution, self._names = free_port(), free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self._port}/"

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "enabled_plugins").write_text("[].\n", encoding="utf-8")
        (self._folder / "rabbitmq.conf").write_text("disk_free_limit.absolute = 50MB\nlog.file.level = warning\n", encoding="utf-8")
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if epmd := shutil.which("epmd"):
            subprocess.run([epmd, "-port", str(self._names), "-kill"], check=False, capture_output=True, timeout=_STOPPING)

    def start(self) -> None:
        """Start the node and return when it takes connections; its queues are as they were."""
        with (self._folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [self._server],
                cwd=self._folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        process = self._process

        def takes_connections() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"rabbitmq-server ended with {process.returncode}: see {self._folder / 'output'}")
            return _greets(self._port)

        wait_until(takes_connections, what="the RabbitMQ node", within=_STARTING)

    def stop(self) -> None:
        """Stop the node in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the node at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        os.killpg(process.pid, how)
        try:
            process.wait(_STOPPING)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(_STOPPING)

    def _environment(self) -> dict[str, str]:
        inside = {
            "HOME": "",
            "RABBITMQ_MNESIA_BASE": "mnesia",
            "RABBITMQ_LOG_BASE": "log",
            "RABBITMQ_PID_FILE": "pid",
            "RABBITMQ_CONFIG_FILE": "rabbitmq.conf",
            "RABBITMQ_CONF_ENV_FILE": "no-environment-file",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "enabled_plugins",
            "RABBITMQ_FEATURE_FLAGS_FILE": "feature_flags",
        }
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LANG": "C.UTF-8",
            "USER": getpass.getuser(),
            **{name: str(self._folder / value) for name, value in inside.items()},
            "RABBITMQ_NODENAME": f"encompass-{self._port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 -kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(self._names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }


def _greets(port: int) -> bool:
    """Whether an AMQP 0-9-1 server answers the protocol's first words."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection:
            connection.sendall(AMQP_HELLO)
            return connection.recv(1) == b"\x01"
    except OSError:
        return False
