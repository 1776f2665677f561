"""Amazon MQ with servers behind its addresses: a broker of RabbitMQ is one RabbitMQ, whatever the number of its nodes."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from moto.mq.models import Broker, MQBackend

from provisioner.sandbox.servers import recipes
from provisioner.sandbox.servers.behind import Call, Thing, Wrap, begin
from provisioner.sandbox.servers.keeper import Keeper
from provisioner.sandbox.servers.recipes import Wanted

PORT = 5671


class Brokers:
    """The calls of Amazon MQ, each made of moto's own."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def install(self, wrap: Wrap) -> None:
        """Put them into moto."""
        wrap(MQBackend, "create_broker", self.created)
        wrap(MQBackend, "delete_broker", self.deleted)

    def created(self, stock: Call) -> Call:
        """A broker of RabbitMQ gets a server, with the user of the call as its administrator."""
        def create_broker(backend: MQBackend, **given: Any) -> tuple[str, str]:
            arn, name = stock(backend, **given)
            broker = backend.brokers[name]
            if broker.engine_type.upper() == "RABBITMQ" and given["users"]:
                user = given["users"][0]
                wanted = Wanted(port=PORT, user=user["Username"], password=user.get("Password", ""))
                begin(self._keeper, Thing(name, broker.name, "rabbitmq", wanted, broker, "state", "CREATION_IN_PROGRESS", "RUNNING"),
                      recipes.rabbitmq, _mover(broker))
            return arn, name
        return create_broker

    def deleted(self, stock: Call) -> Call:
        """The server goes."""
        def delete_broker(backend: MQBackend, broker_id: str) -> None:
            stock(backend, broker_id)
            self._keeper.end(broker_id)
        return delete_broker


def _mover(broker: Broker) -> Callable[[str | None], None]:
    stock = deepcopy(broker.instances)

    def move(address: str | None) -> None:
        broker.instances = deepcopy(stock)
        for instance in broker.instances if address else ():
            instance["endpoints"] = [f"amqps://{address}:{PORT}"]
    return move
