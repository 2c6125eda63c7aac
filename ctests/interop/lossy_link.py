"""A UDP relay in front of a server: it loses and delays datagrams by a seeded generator, and acts as
an address translator that can forget its mappings."""

import asyncio
import random


class _Socket(asyncio.DatagramProtocol):
    """One end of the relay: hands every datagram on."""

    def __init__(self, on_datagram):
        self.on_datagram = on_datagram

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.on_datagram(data, address)


async def _open(on_datagram):
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Socket(on_datagram), local_addr=("127.0.0.1", 0))
    return transport


class LossyLink:
    """Relays clients' datagrams to a port of this machine, and the answers back.

    One in `loss` is lost, in each direction; 0 for none. The others are delayed by one to three
    milliseconds, or by other bounds in seconds, so that some overtake others. Each client is seen by
    the server at a port of its own; with `rebind_after` it is another one after that many datagrams.
    `watch` is told of every datagram as it comes: whether it is a client's, and its bytes.
    """

    def __init__(self, server_port, loss, seed, rebind_after=0, delay=(0.001, 0.003), watch=None):
        self.server = ("127.0.0.1", server_port)
        self.loss = loss
        self.random = random.Random(seed)
        self.rebind_after = rebind_after
        self.delay = delay
        self.watch = watch
        self.backs = {}
        self.former = []
        self.carried = 0
        self.lost = 0

    async def __aenter__(self):
        self.front = await _open(self._from_client)
        self.port = self.front.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *exception):
        self.front.close()
        for back in [*self.backs.values(), *self.former]:
            back.close()

    async def _rebind(self):
        """The old ports still lead to their clients: one that only listens would never show its
        new port otherwise."""
        for client, old in list(self.backs.items()):
            self.backs[client] = await self._open_back(client)
            self.former.append(old)

    def _open_back(self, client):
        return _open(lambda data, _: self._relay(self.front, data, client))

    def _from_client(self, data, client):
        back = self.backs.get(client)
        if back is None:
            asyncio.ensure_future(self._first_from(client, data))
        else:
            self._relay(back, data, self.server)

    async def _first_from(self, client, data):
        if client not in self.backs:
            back = await self._open_back(client)
            self.backs.setdefault(client, back)
        self._relay(self.backs[client], data, self.server)

    def _relay(self, transport, data, address):
        self.carried += 1
        if self.watch is not None:
            self.watch(transport is not self.front, data)
        if self.carried == self.rebind_after:
            asyncio.ensure_future(self._rebind())
        if self.loss and self.random.randrange(self.loss) == 0:
            self.lost += 1
            return
        delay = self.random.uniform(*self.delay)
        asyncio.get_running_loop().call_later(delay, self._send, transport, data, address)

    @staticmethod
    def _send(transport, data, address):
        if not transport.is_closing():
            transport.sendto(data, address)
