"""A UDP relay in front of a server that loses and delays datagrams, by a seeded generator."""

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


class LossyLink:
    """Relays one client's datagrams to a port of this machine, and the answers back.

    One in `loss` is lost, in each direction. The others are delayed by one to three milliseconds,
    so that some overtake others.
    """

    def __init__(self, server_port, loss, seed):
        self.server = ("127.0.0.1", server_port)
        self.loss = loss
        self.random = random.Random(seed)
        self.client = None
        self.lost = 0

    async def __aenter__(self):
        loop = asyncio.get_running_loop()
        address = ("127.0.0.1", 0)
        self.front, _ = await loop.create_datagram_endpoint(
            lambda: _Socket(self._from_client), local_addr=address)
        self.back, _ = await loop.create_datagram_endpoint(
            lambda: _Socket(self._from_server), local_addr=address)
        self.port = self.front.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *exception):
        self.front.close()
        self.back.close()

    def _from_client(self, data, address):
        self.client = address
        self._relay(self.back, data, self.server)

    def _from_server(self, data, _):
        self._relay(self.front, data, self.client)

    def _relay(self, transport, data, address):
        if self.random.randrange(self.loss) == 0:
            self.lost += 1
            return
        delay = self.random.uniform(0.001, 0.003)
        asyncio.get_running_loop().call_later(delay, self._send, transport, data, address)

    @staticmethod
    def _send(transport, data, address):
        if not transport.is_closing():
            transport.sendto(data, address)
