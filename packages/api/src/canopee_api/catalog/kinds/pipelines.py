"""`pipelines/*.yaml`: what may run on PCs."""

from typing import Any, ClassVar

import msgspec

from canopee_api.catalog.kind import in_folder
from canopee_api.catalog.pipeline_faults import pipeline_faults
from canopee_api.catalog.signed_kind import SignedKind
from canopee_api.catalog.standing import PIPELINE
from canopee_api.catalog.yaml_text import YamlText
from canopee_contract.catalog import Fault
from canopee_contract.codec import encode
from canopee_contract.pipeline import Pipeline, target_path
from canopee_contract.release import UPDATE_PIPELINE


class Pipelines(SignedKind):
    """One pipeline a file."""

    name: ClassVar[str] = PIPELINE

    def claims(self, path: str) -> bool:
        return in_folder(path, "pipelines")

    def faults(self, text: YamlText) -> list[Fault]:
        found = pipeline_faults(text)
        if (text.document or {}).get("name") == UPDATE_PIPELINE:
            message = f"{UPDATE_PIPELINE} is made by `canopee release`: choose another name"
            found.append(text.fault(("name",), "pipeline.reserved", message, found=UPDATE_PIPELINE))
        return found

    def target(self, document: dict[str, Any]) -> tuple[str, str, int, bytes]:
        pipeline = msgspec.convert(document, Pipeline)
        path = target_path(pipeline.kind, pipeline.name, pipeline.version)
        return pipeline.name, path, pipeline.version, encode(pipeline)
