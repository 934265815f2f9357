"""Support at work on a process of the API, and PCs that are asked for their logs: shipped, as `testing.py` is."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from typing import Any

import msgspec

from canopee_api.testing import Office, Pc, until
from canopee_contract.codec import decode, encode
from canopee_contract.files import BeginUpload, UploadReply
from canopee_contract.log_requests import LogDevice, LogRequestView, NewLogRequest
from canopee_contract.order import Order
from canopee_contract.report import RunReport, RunReports, RunsReply, RunState, StepReport, StepState
from canopee_trust.dsse import payload_of, read_envelope

LINES = b"2026-11-24 08:00:01 INFO ready\r\n2026-11-24 08:00:02 ERROR login of [person_name] failed\r\n"


def an_archive(files: Mapping[str, bytes] | None = None) -> bytes:
    """What a PC sends: its files, in a zip."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (files or {"product/app.log": LINES}).items():
            archive.writestr(name, text)
    return content.getvalue()


class Support:
    """Who asks for logs, and the PCs that are asked."""

    def __init__(self, office: Office) -> None:
        self.office, self.areas = office, office.areas

    def asked(self, *pcs: Pc, **changes: Any) -> NewLogRequest:  # noqa: ANN401  of any field
        new = NewLogRequest([pc.id for pc in pcs], "product_logs", "it crashes", "SUP-4711")
        return msgspec.structs.replace(new, **changes)

    async def request(self, *pcs: Pc, **changes: Any) -> LogRequestView:  # noqa: ANN401  of any field
        """A request, of which the process has heard."""
        heads = {pc.id: self._head(pc) for pc in pcs}
        view = await self.areas.log_requests.start(self.asked(*pcs, **changes), by="camille")
        await until(lambda: all(self._head(pc) > heads[pc.id] for pc in pcs))
        return view

    async def order(self, pc: Pc) -> Order:
        """The next order of a PC, once it has it."""
        (delivered,) = await pc.orders()
        order = decode(payload_of(read_envelope(bytes(delivered.order))), Order)
        pc.order_seq = order.seq
        return order

    async def send(self, pc: Pc, order: Order, content: bytes, *, only: int | None = None) -> str:
        """Send an archive, or its first bytes; the id of the upload."""
        asked = BeginUpload(order.order_id, "logs", "logs.zip", len(content), hashlib.sha256(content).hexdigest())
        begun = await pc.post("files", encode(asked), UploadReply)
        part = content[begun.received : only]
        await self.areas.uploads.receive(
            pc.id, begun.upload_id, offset=begun.received, sha256=hashlib.sha256(part).hexdigest(), content=part
        )
        return begun.upload_id

    async def report(
        self,
        pc: Pc,
        order: Order,
        state: RunState = "done",
        *,
        code: str = "",
        step: StepState = "done",
        at: str = "",
    ) -> None:
        """The end of an order; `at` is the code of its step."""
        report = RunReport(
            order.order_id, order.seq, state, "0" * 64, "product_logs@1", "0.1.0", self.areas.clock.now(), code=code,
            steps=(StepReport("logs", "collect_logs", step, at),),
        )  # fmt: skip
        await pc.post("runs", encode(RunReports((report,))), RunsReply)

    async def answer(self, pc: Pc, content: bytes | None = None) -> None:
        """Do all that is asked: send an archive, say so."""
        order = await self.order(pc)
        await self.send(pc, order, content or an_archive())
        await self.report(pc, order)

    async def devices(self, request_id: str) -> dict[str, LogDevice]:
        found = await self.areas.log_requests.devices(request_id, states=(), q="", after="", limit=1000)
        return {one.id: one for one in found}

    async def states(self, request_id: str) -> dict[str, int]:
        view = await self.areas.log_requests.view(request_id)
        if sum(view.states.values()) != view.total:
            raise AssertionError(f"{view.states} do not add up to {view.total}")
        return view.states

    def _head(self, pc: Pc) -> int:
        device = self.areas.fleet.get(pc.id)
        return device.order_head if device else 0
