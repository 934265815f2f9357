"""The calls about the catalog as people write it: folders, drafts, what awaits a signature."""

from collections.abc import Iterator
from typing import Any

from canopee_client.link import Link, segment
from canopee_contract import catalog


class CatalogCalls(Link):
    """A part of `Client`."""

    def check_text(self, path: str, text: str) -> catalog.Checked:
        """Everything that is wrong with one text of a catalog folder."""
        return self.call("POST", "/v1/catalog/check", catalog.Checked, body=catalog.CheckText(path, text))

    def plan_catalog(self, asked: catalog.PlanRequest) -> catalog.CatalogPlan:
        return self.call("POST", "/v1/catalog/plan", catalog.CatalogPlan, body=asked)

    def apply_catalog(self, asked: catalog.ApplyRequest) -> catalog.CatalogOutcome:
        return self.call("POST", "/v1/catalog/apply", catalog.CatalogOutcome, body=asked)

    def catalog_schema(self, kind: str) -> dict[str, Any]:
        """The JSON schema of `pipeline`, `dataset` or `facts`, for editors."""
        return self.call("GET", f"/v1/catalog/schemas/{segment(kind)}", dict[str, Any])

    def awaiting(self) -> Iterator[catalog.ToSign]:
        """What awaits a signature."""
        return self.pages("/v1/catalog/awaiting", catalog.ToSign)

    def bytes_to_sign(self, sha256: str) -> catalog.SignableBytes:
        """The exact bytes that await a signature."""
        return self.call("GET", f"/v1/catalog/awaiting/{segment(sha256)}", catalog.SignableBytes)

    def pipeline_lives(self) -> Iterator[catalog.PipelineLife]:
        return self.pages("/v1/catalog/pipelines", catalog.PipelineLife)

    def pipeline_life(self, name: str) -> catalog.PipelineLife:
        return self.call("GET", f"/v1/catalog/pipelines/{segment(name)}", catalog.PipelineLife)

    def pipeline_text(self, name: str, version: int) -> catalog.PipelineText:
        """A version as it was written, and as it is signed."""
        return self.call("GET", f"/v1/catalog/pipelines/{segment(name)}/{version}", catalog.PipelineText)

    def withdraw_pipeline(self, name: str, version: int) -> catalog.Draft:
        """Ask no longer for the signature of a version: it is a draft again."""
        path = f"/v1/catalog/pipelines/{segment(name)}/{version}/withdraw"
        return self.call("POST", path, catalog.Draft)

    def pipeline_activity(self) -> Iterator[catalog.PipelineActivity]:
        return self.pages("/v1/catalog/activity", catalog.PipelineActivity)

    def known_facts(self) -> Iterator[catalog.KnownFact]:
        return self.pages("/v1/catalog/facts", catalog.KnownFact)

    def draft(self, name: str) -> catalog.Draft:
        return self.call("GET", f"/v1/drafts/{segment(name)}", catalog.Draft)

    def save_draft(self, name: str, written: catalog.DraftText) -> catalog.Draft:
        return self.call("PUT", f"/v1/drafts/{segment(name)}", catalog.Draft, body=written)

    def discard_draft(self, name: str) -> None:
        self.call("DELETE", f"/v1/drafts/{segment(name)}", type(None))

    def ask_signature(self, name: str, *, revision: int) -> catalog.PipelineText:
        """Ask for the signature of a draft, as it was at `revision`."""
        query = {"revision": str(revision)}
        return self.call("POST", f"/v1/drafts/{segment(name)}/ask", catalog.PipelineText, query=query)
