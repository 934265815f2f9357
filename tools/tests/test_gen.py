import msgspec
import pytest
import yaml

from canopee_contract.dataset import Dataset
from tools.gen import datasets
from tools.gen.__main__ import generated, main


def test_what_is_generated_is_what_is_committed() -> None:
    assert main(["--check"]) == 0


@pytest.mark.parametrize("path", sorted(datasets.generate()))
def test_a_generated_dataset_is_one_that_the_api_accepts(path: str) -> None:
    dataset = msgspec.convert(yaml.safe_load(generated()[path]), Dataset)
    assert path.endswith(f"/{dataset.name}.yaml")
    assert all(field.sentence for field in dataset.fields)
