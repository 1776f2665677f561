"""How each kind of server is made, run and told: files, commands and SQL as values. As small as it goes: data of a sandbox may be lost. Pure."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Command:
    """Words, and what is written to its stdin."""

    words: tuple[str, ...]
    stdin: str = ""


@dataclass(frozen=True)
class Wanted:
    """What the API was asked for."""

    port: int
    user: str = ""
    password: str = ""
    database: str = ""
    tls: bool = True
    """Connections in clear are refused."""
    version: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of the server, as its own configuration says them."""


@dataclass(frozen=True)
class Place:
    """Where one server is."""

    folder: Path
    """Its own; `server.crt` and `server.key` are there."""
    address: str
    program: Path
    spare: tuple[int, int] = (0, 0)
    """Ports that are free, for what a server has inside."""


@dataclass(frozen=True)
class Recipe:
    """How a server is made ready, run, asked whether it answers, and set up."""

    serve: Command
    files: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    prepare: tuple[Command, ...] = ()
    beside: tuple[Command, ...] = ()
    """Runs as long as the server, and was there before it."""
    ping: Command | None = None
    setup: Command | None = None
    ends: int = signal.SIGKILL
    """The signal by which it leaves nothing behind at once."""


# ------------------------------------------------------------------ PostgreSQL
def postgresql(place: Place, wanted: Wanted) -> Recipe:
    """PostgreSQL with a master user as RDS has one: it makes databases and roles, and is no superuser."""
    folder, bin_ = place.folder, place.program.parent
    settings = {
        "listen_addresses": place.address, "port": str(wanted.port), "unix_socket_directories": str(folder), "hba_file": str(folder / "hba"),
        "ssl": "on", "ssl_cert_file": str(folder / "server.crt"), "ssl_key_file": str(folder / "server.key"),
        "password_encryption": "scram-sha-256", "shared_buffers": "8MB", "max_connections": "50", "max_worker_processes": "2",
        "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0",
        # what is in shared memory of the system would outlive a server that was killed
        "dynamic_shared_memory_type": "mmap"}
    rules = f"local all rdsadmin trust\n{'hostssl' if wanted.tls else 'host'} all all 0.0.0.0/0 scram-sha-256\n"
    user, database = _name(wanted.user), _name(wanted.database)
    statements = ["CREATE ROLE rds_superuser", "GRANT pg_monitor, pg_signal_backend TO rds_superuser",
                  f"CREATE ROLE {user} LOGIN CREATEDB CREATEROLE PASSWORD {_text(wanted.password)}", f"GRANT rds_superuser TO {user}"]
    if wanted.database and wanted.database != "postgres":
        statements.append(f"CREATE DATABASE {database} OWNER {user}")
    return Recipe(
        files={"hba": rules},
        prepare=(Command((str(bin_ / "initdb"), "-D", str(folder / "data"), "-U", "rdsadmin", "-E", "UTF8", "--no-locale", "--no-sync")),),
        serve=Command((str(place.program), "-D", str(folder / "data"), *(word for item in settings.items() for word in ("-c", "=".join(item))))),
        ping=_psql(place, wanted, ""), setup=_psql(place, wanted, *statements), ends=signal.SIGQUIT)


def _psql(place: Place, wanted: Wanted, *statements: str) -> Command:
    words = (str(place.program.parent / "psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-h", str(place.folder), "-p", str(wanted.port), "-U", "rdsadmin",
             "postgres")
    return Command(words, "".join(f"{statement};\n" for statement in statements))


def postgresql_password(place: Place, wanted: Wanted) -> Command:
    """Give the master user the password that is wanted."""
    return _psql(place, wanted, f"ALTER ROLE {_name(wanted.user)} PASSWORD {_text(wanted.password)}")


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# ------------------------------------------------------------------ MariaDB
SMALL_PAGES = ("--innodb-buffer-pool-size=8M", "--innodb-log-file-size=4M", "--innodb-flush-method=nosync")
MASTER = ("SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, CREATE TEMPORARY TABLES, "
          "LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, "
          "EVENT, TRIGGER")
"""What the master user of RDS may."""


def mariadb(place: Place, wanted: Wanted) -> Recipe:
    """MariaDB, which stands for MySQL too."""
    folder = place.folder
    options = ["--no-defaults", f"--datadir={folder / 'data'}", f"--tmpdir={folder}", f"--pid-file={folder / 'pid'}", f"--socket={folder / 'socket'}",
               f"--bind-address={place.address}", f"--port={wanted.port}", f"--ssl-cert={folder}/server.crt", f"--ssl-key={folder}/server.key",
               f"--require-secure-transport={int(wanted.tls)}", "--skip-name-resolve", "--skip-log-bin", *SMALL_PAGES, "--performance-schema=off",
               "--innodb-flush-log-at-trx-commit=0", "--key-buffer-size=1M", "--aria-pagecache-buffer-size=1M", "--table-open-cache=100",
               "--character-set-server=utf8mb4"]
    # the installation makes a root without a password for every address of this machine
    statements = ["DELETE FROM mysql.global_priv WHERE User = 'root' AND Host <> 'localhost'", "FLUSH PRIVILEGES",
                  f"CREATE USER {_mysql(wanted.user)}@'%' IDENTIFIED BY {_mysql(wanted.password)}",
                  f"GRANT {MASTER} ON *.* TO {_mysql(wanted.user)}@'%' WITH GRANT OPTION"]
    if wanted.database:
        statements.append("CREATE DATABASE `{}`".format(wanted.database.replace("`", "``")))
    return Recipe(
        prepare=(Command(("mariadb-install-db", "--no-defaults", f"--datadir={folder / 'data'}", f"--tmpdir={folder}", "--skip-test-db",
                          "--skip-name-resolve", "--auth-root-authentication-method=normal", *SMALL_PAGES)),),
        serve=Command((str(place.program), *options)), ping=_mariadb(place), setup=_mariadb(place, *statements))


def _mariadb(place: Place, *statements: str) -> Command:
    return Command(("mariadb", "--no-defaults", "-u", "root", "-S", str(place.folder / "socket"), "mysql"),
                   "".join(f"{statement};\n" for statement in statements))


def mariadb_password(place: Place, wanted: Wanted) -> Command:
    """Give the master user the password that is wanted."""
    return _mariadb(place, f"ALTER USER {_mysql(wanted.user)}@'%' IDENTIFIED BY {_mysql(wanted.password)}")


def _mysql(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


# ------------------------------------------------------------------ Redis
REDIS_SETTINGS = frozenset({"maxmemory-policy", "timeout", "notify-keyspace-events"})
"""What of a parameter group reaches the server: the rest has other names there, or costs memory."""


def redis(place: Place, wanted: Wanted) -> Recipe:
    """Redis in memory only; it stands for Valkey too."""
    lines = [f"bind {place.address}", f"port {0 if wanted.tls else wanted.port}", f"unixsocket {place.folder / 'socket'}", f"dir {place.folder}",
             'save ""', "appendonly no", "daemonize no", "maxmemory 64mb", "tls-auth-clients no"]
    if wanted.tls:
        lines += [f"tls-port {wanted.port}", f"tls-cert-file {place.folder / 'server.crt'}", f"tls-key-file {place.folder / 'server.key'}"]
    if wanted.password:
        lines.append(f"requirepass {_quoted(wanted.password)}")
    lines += [f"{name} {_quoted(value)}" for name, value in wanted.settings.items()]
    return Recipe(files={"redis.conf": "\n".join(lines) + "\n"}, serve=Command((str(place.program), str(place.folder / "redis.conf"))))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def redis_password(place: Place, before: Wanted, wanted: Wanted, *, both: bool) -> Command:
    """Give the default user the password that is wanted; the one before stays valid with `both`."""
    kept = [f">{password}" for password in ([before.password] if both else []) + [wanted.password] if password]
    return redis_command(place, before, "ACL SETUSER default resetpass " + " ".join(_quoted(word) for word in kept or ["nopass"]))


def redis_settings(place: Place, before: Wanted, settings: Mapping[str, str]) -> Command:
    """Change settings of the running server."""
    return redis_command(place, before, *(f"CONFIG SET {name} {_quoted(value)}" for name, value in settings.items()))


def redis_command(place: Place, wanted: Wanted, *lines: str) -> Command:
    """Lines of redis-cli."""
    login = [f"AUTH {_quoted(wanted.password)}"] if wanted.password else []
    return Command((str(place.program.with_name("redis-cli")), "-e", "-s", str(place.folder / "socket")), "\n".join([*login, *lines]) + "\n")


# ------------------------------------------------------------------ RabbitMQ
def rabbitmq(place: Place, wanted: Wanted) -> Recipe:
    """RabbitMQ with one administrator, over TLS only; a node alone, whose port mapper is its own and who talks to nobody."""
    folder, address = place.folder, place.address
    mapper, nodes = map(str, place.spare)
    user, password, certificate, key = map(_erlang, (wanted.user, wanted.password, f"{folder}/server.crt", f"{folder}/server.key"))
    settings = ", ".join((
        "{tcp_listeners, []}", f"{{ssl_listeners, [{{{_erlang(address)}, {wanted.port}}}]}}",
        f"{{ssl_options, [{{certfile, {certificate}}}, {{keyfile, {key}}}, {{verify, verify_none}}]}}",
        f"{{default_user, <<{user}>>}}", f"{{default_pass, <<{password}>>}}", "{loopback_users, []}",
        "{vm_memory_high_watermark, {absolute, 419430400}}", "{disk_free_limit, 10000000}"))
    return Recipe(
        files={"advanced.config": f"[{{rabbit, [{settings}]}}].\n", "enabled_plugins": "[].\n"},
        # Erlang would start a port mapper that nobody ends
        environ={"ERL_FLAGS": "-start_epmd false", "ERL_EPMD_ADDRESS": address, "ERL_EPMD_PORT": mapper,
                 "RABBITMQ_DIST_PORT": nodes, "RABBITMQ_NODENAME": "sandbox@localhost",
                 "RABBITMQ_MNESIA_BASE": str(folder / "data"), "RABBITMQ_LOG_BASE": str(folder), "RABBITMQ_LOGS": "-",
                 "RABBITMQ_CONF_ENV_FILE": "/dev/null", "RABBITMQ_CONFIG_FILE": str(folder / "none"),
                 "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"), "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
                 # its script becomes the server in place of waiting for it
                 "RUNNING_UNDER_SYSTEMD": "true",
                 "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"+S 1:1 -kernel inet_dist_use_interface {{{address.replace('.', ',')}}}"},
        beside=(Command(("epmd", "-port", mapper, "-address", address)),), serve=Command((str(place.program),)))


def _erlang(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
