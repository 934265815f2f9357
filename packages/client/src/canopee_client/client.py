"""The API, one method a call. Messages are those of `canopee_contract.people`."""

import re
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from canopee_client.errors import AnswerError, NoAnswerError, RequestError
from canopee_client.events import changes
from canopee_contract import admission, people
from canopee_contract.codec import encode
from canopee_contract.dataset import Dataset
from canopee_contract.key_life import KeyLife
from canopee_contract.live import LiveEvent
from canopee_contract.pipeline import Pipeline
from canopee_contract.practices import PracticesImport, PracticesImported, PracticeView
from canopee_contract.problem import Problem
from canopee_contract.release_views import Release, TargetUpload
from canopee_contract.storage import Volumes

T = TypeVar("T")
PAGE = 1000
_TIMEOUT_S = 120.0
_SILENCE_S = 45.0
"""A stream says something every 15 s at least."""
_LAST_PORT = 65_535
_TEMPORARY = frozenset({429, 502, 503, 504})
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]*")


class Client:
    """One connection to one API, with one credential. Close it, or use it in a `with`."""

    def __init__(self, url: str, token: str = "", *, transport: httpx.BaseTransport | None = None) -> None:
        """`token`: a session token or an API key; empty for the calls that need none.

        Raises:
            RequestError: `url` is not the address of an API, or `token` cannot be one.
        """
        if not _TOKEN.fullmatch(token):
            raise RequestError("a token or an API key is one word of letters, digits and ._-~+/=")
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self.url = url
        try:
            self._http = httpx.Client(
                base_url=url, headers=headers, timeout=_TIMEOUT_S, trust_env=False, transport=transport
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise RequestError(f"{url!r} is not an address: {error}") from error
        base = self._http.base_url
        if base.scheme not in {"http", "https"} or not base.host or (base.port or 1) > _LAST_PORT:
            self._http.close()
            raise RequestError(f"{url!r} is not an address: it starts with https:// or http://")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def health(self) -> people.Health:
        return self.call("GET", "/v1/health", people.Health)

    def status(self) -> people.Status:
        return self.call("GET", "/v1/status", people.Status)

    def storage(self) -> Volumes:
        return self.call("GET", "/v1/storage", Volumes)

    def log_in(self, login: str, password: str) -> people.Session:
        return self.call("POST", "/v1/sessions", people.Session, body=people.Login(login, password))

    def me(self) -> people.Me:
        return self.call("GET", "/v1/me", people.Me)

    def users(self) -> Iterator[people.User]:
        return self.pages("/v1/users", people.User)

    def create_user(self, new: people.NewUser) -> people.User:
        return self.call("POST", "/v1/users", people.User, body=new)

    def create_api_key(self, new: people.NewApiKey) -> people.ApiKey:
        return self.call("POST", "/v1/api-keys", people.ApiKey, body=new)

    def api_keys(self) -> Iterator[people.ApiKey]:
        return self.pages("/v1/api-keys", people.ApiKey)

    def mint_tokens(self, new: people.NewEnrolmentTokens) -> people.EnrolmentTokens:
        return self.call("POST", "/v1/enrolment-tokens", people.EnrolmentTokens, body=new)

    def token_batches(self) -> Iterator[admission.TokenBatch]:
        return self.pages("/v1/enrolment-tokens", admission.TokenBatch)

    def revoke_tokens(self, batch_id: str) -> admission.TokenBatch:
        return self.call("POST", f"/v1/enrolment-tokens/{_path(batch_id)}/revoke", admission.TokenBatch)

    def enrolments(self, **filters: str) -> Iterator[admission.EnrolmentRequest]:
        return self.pages("/v1/enrolments", admission.EnrolmentRequest, filters)

    def enrolment(self, request_id: str) -> admission.EnrolmentRequest:
        return self.call("GET", f"/v1/enrolments/{_path(request_id)}", admission.EnrolmentRequest)

    def approve_enrolments(self, decision: admission.Decision) -> admission.Decided:
        return self.call("POST", "/v1/enrolments/approve", admission.Decided, body=decision)

    def reject_enrolments(self, decision: admission.Decision) -> admission.Decided:
        return self.call("POST", "/v1/enrolments/reject", admission.Decided, body=decision)

    def enrolment_rules(self) -> admission.HeldRules:
        return self.call("GET", "/v1/enrolment-rules", admission.HeldRules)

    def set_enrolment_rules(self, rules: admission.EnrolmentRules) -> admission.HeldRules:
        return self.call("PUT", "/v1/enrolment-rules", admission.HeldRules, body=rules)

    def practices(self, **filters: str) -> Iterator[PracticeView]:
        return self.pages("/v1/practices", PracticeView, filters)

    def practice(self, practice_id: str) -> PracticeView:
        return self.call("GET", f"/v1/practices/{_path(practice_id)}", PracticeView)

    def import_practices(self, wanted: PracticesImport) -> PracticesImported:
        return self.call("PUT", "/v1/practices", PracticesImported, body=wanted)

    def devices(self, **filters: str) -> Iterator[people.Device]:
        return self.pages("/v1/devices", people.Device, filters)

    def device(self, device_id: str) -> people.Device:
        return self.call("GET", f"/v1/devices/{_path(device_id)}", people.Device)

    def facts_history(self, device_id: str) -> Iterator[people.FactsChange]:
        return self.pages(f"/v1/devices/{device_id}/facts-history", people.FactsChange)

    def revoke_device(self, device_id: str) -> people.Device:
        return self.call("POST", f"/v1/devices/{_path(device_id)}/revoke", people.Device)

    def match(self, condition: dict[str, Any]) -> people.Matched:
        """The counts, and every id, page by page."""
        matched = self.match_page(people.Match(condition, people.MATCH_LIMIT))
        ids, after = matched.device_ids, matched.next
        while after is not None:
            page = self.match_page(people.Match(condition, people.MATCH_LIMIT, after, counts=False))
            ids += page.device_ids
            after = page.next
        return msgspec.structs.replace(matched, device_ids=ids, next=None)

    def match_page(self, asked: people.Match) -> people.Matched:
        return self.call("POST", "/v1/match", people.Matched, body=asked)

    def why(self, condition: dict[str, Any], device_id: str) -> people.Why:
        return self.call("POST", "/v1/match/why", people.Why, body=people.WhyMatch(condition, device_id))

    def runs(self, **filters: str) -> Iterator[people.Run]:
        return self.pages("/v1/runs", people.Run, filters)

    def run(self, order_id: str) -> people.Run:
        return self.call("GET", f"/v1/runs/{_path(order_id)}", people.Run)

    def orders(self, **filters: str) -> Iterator[people.OrderView]:
        return self.pages("/v1/orders", people.OrderView, filters)

    def records(self, **filters: str) -> Iterator[people.StoredRecord]:
        return self.pages("/v1/records", people.StoredRecord, filters)

    def rejected(self) -> Iterator[people.RejectedRecord]:
        return self.pages("/v1/rejected", people.RejectedRecord)

    def pipelines(self) -> Iterator[people.PublishedPipeline]:
        return self.pages("/v1/pipelines", people.PublishedPipeline)

    def pipeline(self, name: str, version: int) -> Pipeline:
        """The signed text of a published pipeline."""
        return self.call("GET", f"/v1/pipelines/{_path(name)}/{version}", Pipeline)

    def campaigns(self) -> Iterator[people.CampaignView]:
        return self.pages("/v1/campaigns", people.CampaignView)

    def campaign(self, campaign_id: str) -> people.CampaignView:
        return self.call("GET", f"/v1/campaigns/{_path(campaign_id)}", people.CampaignView)

    def start_campaign(self, new: people.NewCampaign) -> people.CampaignView:
        return self.call("POST", "/v1/campaigns", people.CampaignView, body=new)

    def stop_campaign(self, campaign_id: str) -> people.CampaignView:
        return self.call("POST", f"/v1/campaigns/{_path(campaign_id)}/stop", people.CampaignView)

    def pause_campaign(self, campaign_id: str) -> people.CampaignView:
        return self.call("POST", f"/v1/campaigns/{_path(campaign_id)}/pause", people.CampaignView)

    def resume_campaign(self, campaign_id: str) -> people.CampaignView:
        return self.call("POST", f"/v1/campaigns/{_path(campaign_id)}/resume", people.CampaignView)

    def releases(self) -> Iterator[Release]:
        return self.pages("/v1/releases", Release)

    def upload(self, sha256: str) -> TargetUpload | None:
        """How far a large target has come; `None` when nothing of it is there."""
        try:
            return self.call("GET", f"/v1/trust/targets/{_path(sha256)}", TargetUpload)
        except AnswerError as error:
            if error.problem.code != "upload.unknown":
                raise
            return None

    def upload_part(self, sha256: str, part: bytes, *, offset: int, length: int) -> TargetUpload:
        """Upload the bytes of a large target that begin at `offset`; `length` is that of all of it."""
        query = {"offset": str(offset), "length": str(length)}
        return self.call("PUT", f"/v1/trust/targets/{_path(sha256)}", TargetUpload, raw=part, query=query)

    def trust(self) -> people.TrustMetadata:
        return self.call("GET", "/v1/trust", people.TrustMetadata)

    def key_life(self) -> KeyLife:
        return self.call("GET", "/v1/trust/keys", KeyLife)

    def publish(self, publication: people.Publication) -> people.Published:
        return self.call("POST", "/v1/trust/publications", people.Published, body=publication)

    def datasets(self) -> Iterator[Dataset]:
        return self.pages("/v1/catalog/datasets", Dataset)

    def apply_dataset(self, dataset: Dataset) -> people.CatalogApplied:
        return self.call("PUT", f"/v1/catalog/datasets/{_path(dataset.name)}", people.CatalogApplied, body=dataset)

    def watch(self) -> Iterator[LiveEvent]:
        """What changes, as it changes, until the session ends. The first event is `all`: from then on all is heard.

        Raises:
            AnswerError: refused; its `problem` says why.
            NoAnswerError: the stream is lost, or there is no room for it: begin anew, and read again.
        """
        try:
            with self._http.stream("GET", "/v1/live", timeout=_SILENCE_S) as reply:
                if not reply.is_success:
                    reply.read()
                    raise _refusal(reply)
                yield from changes(reply.iter_lines())
        except httpx.HTTPError as error:
            raise NoAnswerError(f"{self.url} does not answer: {error}") from error

    def audit(self) -> Iterator[people.AuditEntry]:
        return self.pages("/v1/audit", people.AuditEntry)

    def pages(self, path: str, kind: type[T], filters: Mapping[str, str] | None = None) -> Iterator[T]:
        """Every object of a list, page by page."""
        after: str | None = ""
        while after is not None:
            query = {**(filters or {}), "limit": str(PAGE), **({"after": after} if after else {})}
            page: people.Page[T] = self.call("GET", path, people.Page[kind], query=query)
            yield from page.items
            after = page.next or None

    def call(
        self,
        method: str,
        path: str,
        kind: type[T],
        *,
        body: object = None,
        raw: bytes | None = None,
        query: Mapping[str, str] | None = None,
    ) -> T:
        """One call of the API; what is sent is a message, or the bytes `raw`.

        Raises:
            AnswerError: refused; its `problem` says why.
            NoAnswerError: no answer, or busy.
        """
        content = raw if body is None else encode(body)
        kind_sent = "application/json" if raw is None else "application/octet-stream"
        headers = {} if content is None else {"content-type": kind_sent}
        try:
            reply = self._http.request(method, path, params=dict(query or {}), content=content, headers=headers)
        except httpx.HTTPError as error:
            raise NoAnswerError(f"{self.url} does not answer: {error}") from error
        if reply.is_success:
            return _decoded(reply, kind)
        raise _refusal(reply)


def _refusal(reply: httpx.Response) -> AnswerError | NoAnswerError:
    problem = _problem(reply)
    if reply.status_code in _TEMPORARY:
        return NoAnswerError(problem.detail or problem.title, retry_after_s=_retry_after_s(reply, problem))
    return AnswerError(problem)


def _decoded(reply: httpx.Response, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(reply.content, type=kind)
    except msgspec.DecodeError as error:
        detail = f"the answer is not what was expected ({error}): is this a Canopée API of the same version?"
        raise AnswerError(Problem("client.not_an_answer", "Not an answer", reply.status_code, detail)) from error


def _problem(reply: httpx.Response) -> Problem:
    try:
        return msgspec.json.decode(reply.content, type=Problem)
    except msgspec.DecodeError:
        title = f"{reply.status_code} {reply.reason_phrase}".strip()
        return Problem("client.not_an_answer", title, reply.status_code, f"{title}: is this a Canopée API?")


def _retry_after_s(reply: httpx.Response, problem: Problem) -> float | None:
    header = reply.headers.get("retry-after", "")
    if header.isascii() and header.isdecimal():
        return float(header[:9])
    return problem.retry_after_s


def _path(name: str) -> str:
    """`name` as one segment of a path.

    Raises:
        RequestError: it cannot be the name of anything.
    """
    if name in {"", ".", ".."}:
        raise RequestError(f"{name!r} is the name of nothing")
    return quote(name, safe="")
