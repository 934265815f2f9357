"""The API, one method a call. Messages are those of `canopee_contract.people`."""

from collections.abc import Iterator
from typing import Any

import msgspec

from canopee_client.catalog_calls import CatalogCalls
from canopee_client.errors import AnswerError
from canopee_client.events import changes
from canopee_client.fleet_calls import FleetCalls
from canopee_client.link import PAGE, segment
from canopee_client.log_calls import LogCalls
from canopee_client.rollout_calls import RolloutCalls
from canopee_contract import admission, catalog, matching, people
from canopee_contract.dataset import Dataset
from canopee_contract.jobs import JobView
from canopee_contract.key_life import KeyLife
from canopee_contract.live import LiveEvent
from canopee_contract.pipeline import Pipeline
from canopee_contract.practices import PracticesImport, PracticesImported, PracticeView
from canopee_contract.release_views import Release, TargetUpload
from canopee_contract.standstill import Standstill, StopEverything, StopState
from canopee_contract.storage import Volumes

__all__ = ["PAGE", "Client"]
_SILENCE_S = 45.0
"""A stream says something every 15 s at least."""


class Client(FleetCalls, CatalogCalls, RolloutCalls, LogCalls):
    """One connection to one API, with one credential. Close it, or use it in a `with`."""

    def health(self) -> people.Health:
        return self.call("GET", "/v1/health", people.Health)

    def status(self) -> people.Status:
        return self.call("GET", "/v1/status", people.Status)

    def storage(self) -> Volumes:
        return self.call("GET", "/v1/storage", Volumes)

    def jobs(self, **filters: str) -> Iterator[JobView]:
        return self.pages("/v1/jobs", JobView, filters)

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
        return self.call("POST", f"/v1/enrolment-tokens/{segment(batch_id)}/revoke", admission.TokenBatch)

    def enrolments(self, **filters: str) -> Iterator[admission.EnrolmentRequest]:
        return self.pages("/v1/enrolments", admission.EnrolmentRequest, filters)

    def enrolment(self, request_id: str) -> admission.EnrolmentRequest:
        return self.call("GET", f"/v1/enrolments/{segment(request_id)}", admission.EnrolmentRequest)

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
        return self.call("GET", f"/v1/practices/{segment(practice_id)}", PracticeView)

    def import_practices(self, wanted: PracticesImport) -> PracticesImported:
        return self.call("PUT", "/v1/practices", PracticesImported, body=wanted)

    def match(self, condition: dict[str, Any]) -> matching.Matched:
        """The counts, and every id, page by page."""
        matched = self.match_page(matching.Match(condition, matching.MATCH_LIMIT))
        ids, after = matched.device_ids, matched.next
        while after is not None:
            page = self.match_page(matching.Match(condition, matching.MATCH_LIMIT, after, counts=False))
            ids += page.device_ids
            after = page.next
        return msgspec.structs.replace(matched, device_ids=ids, next=None)

    def match_page(self, asked: matching.Match) -> matching.Matched:
        return self.call("POST", "/v1/match", matching.Matched, body=asked)

    def why(self, condition: dict[str, Any], device_id: str) -> matching.Why:
        return self.call("POST", "/v1/match/why", matching.Why, body=matching.WhyMatch(condition, device_id))

    def runs(self, **filters: str) -> Iterator[people.Run]:
        return self.pages("/v1/runs", people.Run, filters)

    def run(self, order_id: str) -> people.Run:
        return self.call("GET", f"/v1/runs/{segment(order_id)}", people.Run)

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
        return self.call("GET", f"/v1/pipelines/{segment(name)}/{version}", Pipeline)

    def stop_state(self) -> StopState:
        return self.call("GET", "/v1/stop-everything", StopState)

    def stop_everything(self, reason: str) -> Standstill:
        return self.call("POST", "/v1/stop-everything", Standstill, body=StopEverything(reason))

    def resume_everything(self) -> Standstill:
        return self.call("POST", "/v1/resume-everything", Standstill)

    def releases(self) -> Iterator[Release]:
        return self.pages("/v1/releases", Release)

    def upload(self, sha256: str) -> TargetUpload | None:
        """How far a large target has come; `None` when nothing of it is there."""
        try:
            return self.call("GET", f"/v1/trust/targets/{segment(sha256)}", TargetUpload)
        except AnswerError as error:
            if error.problem.code != "upload.unknown":
                raise
            return None

    def upload_part(self, sha256: str, part: bytes, *, offset: int, length: int) -> TargetUpload:
        """Upload the bytes of a large target that begin at `offset`; `length` is that of all of it."""
        query = {"offset": str(offset), "length": str(length)}
        return self.call("PUT", f"/v1/trust/targets/{segment(sha256)}", TargetUpload, raw=part, query=query)

    def trust(self) -> people.TrustMetadata:
        return self.call("GET", "/v1/trust", people.TrustMetadata)

    def key_life(self) -> KeyLife:
        return self.call("GET", "/v1/trust/keys", KeyLife)

    def trust_policy(self) -> bytes:
        """The trust policy in force, as it is signed."""
        return bytes(self.call("GET", "/v1/trust/policy", msgspec.Raw))

    def publish(self, publication: people.Publication) -> people.Published:
        return self.call("POST", "/v1/trust/publications", people.Published, body=publication)

    def datasets(self) -> Iterator[Dataset]:
        return self.pages("/v1/catalog/datasets", Dataset)

    def apply_dataset(self, dataset: Dataset) -> catalog.CatalogApplied:
        return self.call(
            "PUT", f"/v1/catalog/datasets/{segment(dataset.name)}", catalog.CatalogApplied, body=dataset
        )

    def watch(self) -> Iterator[LiveEvent]:
        """What changes, as it changes, until the session ends. The first event is `all`: from then on all is heard.

        Raises:
            AnswerError: refused; its `problem` says why.
            NoAnswerError: the stream is lost, or there is no room for it: begin anew, and read again.
        """
        return changes(self.lines("/v1/live", silence_s=_SILENCE_S))

    def audit(self) -> Iterator[people.AuditEntry]:
        return self.pages("/v1/audit", people.AuditEntry)
