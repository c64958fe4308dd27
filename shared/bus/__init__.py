"""Moving facts between services: a port, two transports, and what makes either of them safe.

``relay`` takes facts from the outbox to the bus, ``delivery`` takes them from the bus through the inbox to a handler, ``repair`` finds
what never arrived. The database knows what is owed; the bus only makes it fast.
"""

from shared.bus.port import Bus, BusFactory, Confirmed, Delivered, Failed, Outcome, Returned, Subscriber, bus_from_url

__all__ = ["Bus", "BusFactory", "Confirmed", "Delivered", "Failed", "Outcome", "Returned", "Subscriber", "bus_from_url"]
