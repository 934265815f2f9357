"""The machine as one attempt of a step has it: all of it, and a draft of what it wants to send."""

from canopee_agent.ports import Machine, OutgoingFiles


class Lent:
    """`ports.Machine`; what a step that was left behind still writes goes into its own draft, which nobody takes."""

    def __init__(self, machine: Machine, outbox: OutgoingFiles) -> None:
        self.outbox: OutgoingFiles | None = outbox
        self.releases = machine.releases
        self.clock, self.registry, self.system = machine.clock, machine.registry, machine.system
        self.programs, self.files = machine.programs, machine.files
        self.downloads, self.services, self.events = machine.downloads, machine.services, machine.events
