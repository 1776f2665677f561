"""MariaDB as the distribution packages it: its settings as text, its passwords, and asking it as its superuser. Decides nothing."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import re
from collections.abc import Iterable

from ansible.module_utils.provision import commands, packages, rules, system
from ansible.module_utils.provision.dumps import Dialect
from ansible.module_utils.provision.failures import Failed

PORT = 3306
PACKAGE = "mariadb-server"
SERVICE = "mariadb"
PLUGIN = "mysql_native_password"
HERE = ("localhost", "127.0.0.1", "::1")
DIALECT = Dialect("sql", 'mariadb-dump --single-transaction --routines --triggers --events "$database"')
SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")

CONF = """{header}
[mariadbd]
bind-address = {listen}
# clients are known by their addresses: no name server is asked, and nobody is locked out by a check that only opens a connection
skip-name-resolve = ON
innodb_buffer_pool_size = {buffers}M
character-set-server = utf8mb4
"""


def conf(header: str, address: str, size: str) -> str:
    """The settings: it listens where it was placed, or everywhere when that address is not this host's own (behind NAT)."""
    listen = ",".join(dict.fromkeys(["127.0.0.1", address])) if rules.is_local(address) else "*"
    return CONF.format(header=header, listen=listen, buffers=min(rules.MEBIBYTES.get(size, 128), rules.memory() // 4))


def hosts_of(networks: Iterable[str]) -> list[str]:
    """Host patterns of accounts for this host itself and these networks. Raises Failed for a network that MariaDB can't tell apart."""
    found = list(HERE)
    for text in networks:
        network = ipaddress.ip_network(rules.network(text))
        if network.version == 6 and network.prefixlen < 128:
            raise Failed(f"'{text}' in allowFrom: MariaDB tells networks apart by IPv4 only; give single IPv6 addresses (/128)")
        whole = network.prefixlen == network.max_prefixlen
        found.append(str(network.network_address) if whole else f"{network.network_address}/{network.netmask}")
    return list(dict.fromkeys(found))


def verifier(password: str) -> str:
    """What MariaDB stores for a password (mysql_native_password, which every client speaks)."""
    return "*" + hashlib.sha1(hashlib.sha1(password.encode()).digest()).hexdigest().upper()


def matches(password: str, stored: str) -> bool:
    """True when a stored verifier is one of this password."""
    return hmac.compare_digest(verifier(password), stored.upper())


def folder() -> str:
    """Where our settings go."""
    return system.family().mariadb_folder


def installed() -> bool:
    """True when the server is on the host."""
    return os.path.exists(system.family().mariadb_binary)


def version() -> str:
    """Major version, such as 10.11, of the one that is installed or offered; empty when it is not known."""
    found = re.match(r"\d+\.\d+", packages.version(PACKAGE))
    return found[0] if found else ""


def ask(sql: str, database: str = "mysql") -> list[list[str]]:
    """Rows of a query, asked as the superuser over the local socket. Raises Failed in MariaDB's words."""
    command = ["mariadb", "--batch", "--skip-column-names", "--connect-timeout=60", database]
    code, output = commands.run(command, stdin=sql, check=False, environ={"HOME": "/root"})
    if code:
        # a failing statement is repeated in the message: only verifiers could stand in it, never a password
        raise Failed("MariaDB: " + re.sub(r"\*[0-9A-Fa-f]{40}", "(secret)", commands.tail(output, 4)))
    return [line.split("\t") for line in output.splitlines() if line]


def accounts(user: str) -> dict[str, str]:
    """Host pattern to stored verifier of all accounts of a user; empty for one that has another kind of entry."""
    rows = ask(f"select host, plugin, authentication_string from user where user = '{user}';")
    return {row[0]: row[2] if row[1] == PLUGIN and len(row) > 2 else "" for row in rows}


def granted(user: str, database: str) -> set[str]:
    """Host patterns from which a user may do everything in a database."""
    rows = ask(f"select host from db where user = '{user}' and db = '{pattern(database)}' and select_priv = 'Y' and drop_priv = 'Y';")
    return {row[0] for row in rows}


def pattern(database: str) -> str:
    """The name of a database in a grant, where _ would stand for any sign."""
    return database.replace("_", "\\_")


def databases() -> list[str]:
    """Names of all databases that are not MariaDB's own."""
    return [row[0] for row in ask("show databases;") if row[0] not in SYSTEM]
