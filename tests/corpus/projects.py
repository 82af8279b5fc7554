"""The public pipelines that are tried: where they are, what stands in for the data they load, what has to come out.

Nothing of these projects is kept here: addresses, commits and names only. The data is made up; it has the columns that
their code reads.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

Rows = list[dict[str, Any]]
# What a run left behind: `output(block)` is what a block produced, `folder` its working directory.
Output = Callable[[str], Any]
Check = Callable[[Output, Path], None]


@dataclass(frozen=True)
class Case:
    """One pipeline of a repository on GitHub."""

    name: str
    repository: str
    commit: str
    project: str
    pipeline: str
    check: Check
    # Only these blocks: the others need a database or a language that Baton does not run yet.
    blocks: Sequence[str] = ()
    # By address, what stands in for what is there.
    pages: dict[str, Callable[[], bytes]] = field(default_factory=dict)
    options: Sequence[str] = ()
    # Lines that its requirements.txt lacks, since its packages have moved on, and where that file is.
    pins: Sequence[str] = ()
    requirements: str = "requirements.txt"
    # Its requirements are a gigabyte.
    is_large: bool = False


def as_csv(rows: Rows) -> bytes:
    """Rows as a file with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def titanic() -> bytes:
    """Passengers, every third of unknown age."""
    return as_csv(
        [
            {
                "PassengerId": number,
                "Survived": number % 2,
                "Pclass": 1 + number % 3,
                "Name": f"Passenger, Mr. {number}",
                "Age": "" if number % 3 == 0 else 20 + number % 40,
                "SibSp": number % 2,
                "Parch": 0,
                "Fare": 7.25 + number,
            }
            for number in range(1, 91)
        ]
    )


def yellow_taxi() -> bytes:
    """Rides of yellow taxis, every tenth without passengers."""
    begin = datetime(2021, 1, 1)
    rows: Rows = [
        {
            "VendorID": 1 + number % 2,
            "tpep_pickup_datetime": begin + timedelta(minutes=number),
            "tpep_dropoff_datetime": begin + timedelta(minutes=number + 9),
            "passenger_count": number % 10,
            "trip_distance": 1.5,
            "RatecodeID": 1,
            "store_and_fwd_flag": "N",
            "PULocationID": 10,
            "DOLocationID": 20,
            "payment_type": 1,
            "fare_amount": 8.0,
            "extra": 0.5,
            "mta_tax": 0.5,
            "tip_amount": 1.0,
            "tolls_amount": 0.0,
            "improvement_surcharge": 0.3,
            "total_amount": 10.3,
            "congestion_surcharge": 2.5,
        }
        for number in range(200)
    ]
    return gzip.compress(as_csv(rows))


def green_taxi(month: int) -> Callable[[], bytes]:
    """Rides of green taxis in a month of 2024, as Parquet."""

    def make() -> bytes:
        import pandas as pd  # type: ignore[import-untyped,unused-ignore]

        draw = random.Random(month)  # noqa: S311 -- the same rides every time
        rows = []
        for number in range(400):
            begin = datetime(2024, month, 1) + timedelta(minutes=40 * number)
            rows.append(
                {
                    "lpep_pickup_datetime": begin,
                    "lpep_dropoff_datetime": begin + timedelta(minutes=draw.randint(2, 50)),
                    "PULocationID": draw.randint(1, 20),
                    "DOLocationID": draw.randint(1, 20),
                    "trip_distance": round(draw.uniform(0.5, 12), 2),
                }
            )
        file = io.BytesIO()
        pd.DataFrame(rows).to_parquet(file)
        return file.getvalue()

    return make


def medical() -> bytes:
    """Patients with scores of risk."""
    return as_csv(
        [
            {"patient_id": number, "age_score": number % 3, "bp_score": number % 2, "pulse_score": 0, "bmi_score": 1}
            for number in range(60)
        ]
    )


def restaurants() -> bytes:
    """Meals of users."""
    rows: Rows = [
        {
            "meal transaction ID": number,
            "user ID": number % 500,
            "restaurant ID": number % 40,
            "cuisine": ("thai", "greek", "french")[number % 3],
            "rating": 1 + number % 5,
            "meal price": 10 + number % 30,
            "city": "Bern",
            "delivery": number % 2,
            "tip": 1.5,
            "timestamp": f"2022-05-{1 + number % 28:02d}",
        }
        for number in range(10_000)
    ]
    return as_csv(rows)


def ships() -> bytes:
    """Positions of ships; the second one is off the globe."""
    rows: Rows = [
        {
            "courseOverGround": 10.5,
            "latitude": 200.0 if number == 1 else 60.0 + number,
            "longitude": 5.5,
            "name": f"SHIP {number}",
            "rateOfTurn": 0.0,
            "shipType": 70,
            "speedOverGround": 9.9,
            "trueHeading": 11.0,
            "navigationalStatus": 0,
            "mmsi": 257_000_000 + number,
            "msgtime": "2024-11-19T07:21:17+00:00",
        }
        for number in range(5)
    ]
    return as_csv(rows)


def cleaned_passengers(output: Output, folder: Path) -> None:
    """Unknown ages are filled, and the file is written."""
    rows = list(csv.DictReader((folder / "titanic_clean.csv").open(encoding="utf-8")))
    assert len(rows) == 90, len(rows)
    assert all(row["Age"] for row in rows)
    assert len(output("fill_in_missing_values")) == 90


def rides_with_passengers(output: Output, folder: Path) -> None:
    """Rides without passengers are left out."""
    del folder
    assert len(output("load_api_data")) == 200
    assert len(output("transform_test_data")) == 180


def measured_model(output: Output, folder: Path) -> None:
    """Six of ten guesses are right, and the most common answer would be right four times."""
    del folder
    made = output("model_evaluation")
    assert abs(made["model_accuracy"] - 0.6) < 1e-9, made
    assert abs(made["baseline_score"] - 0.4) < 1e-9, made


def risks(output: Output, folder: Path) -> None:
    """Each patient has a category."""
    del folder
    rows = output("export_api_data")
    assert len(rows) == 60
    assert {row["serious_event_risk"] for row in rows} == {"Low risk", "Medium risk", "High risk"}


def meals(output: Output, folder: Path) -> None:
    """All meals arrive."""
    del folder
    assert len(output("load_dataset")) == 10_000


def meals_with_clean_names(output: Output, folder: Path) -> None:
    """Columns are called as the code wants them."""
    del folder
    rows = output("clean_column_names")
    assert len(rows) == 10_000
    assert "meal_transaction_id" in rows[0], rows[0]


def split_rides(output: Output, folder: Path) -> None:
    """January is for training, February for validation, and the sparse matrices are there."""
    del folder
    whole, train, validation = (output(f"prepare:output_{number}") for number in range(3))
    assert len(train) + len(validation) == len(whole)
    assert train and validation


def two_predictions(output: Output, folder: Path) -> None:
    """One number for each of the two rides that the block asks about by itself."""
    del folder
    made = [output(f"inference:output_{number}") for number in range(2)]
    assert all(isinstance(minutes, float) and 0 < minutes < 60 for minutes in made), made


def nothing_more(output: Output, folder: Path) -> None:
    """That the run completed says all."""
    del output, folder


def valid_ships(output: Output, folder: Path) -> None:
    """The row that is no position is left out."""
    del folder
    assert len(output("import_csv_and_validate_using_pydantic")) == 4


TITANIC = "https://raw.githubusercontent.com/datasciencedojo/datasets/master/titanic.csv"
MEALS = "https://raw.githubusercontent.com/mage-ai/datasets/master/restaurant_user_transactions.csv"
YELLOW = "https://github.com/DataTalksClub/nyc-tlc-data/releases/download/yellow/yellow_tripdata_2021-01.csv.gz"
GREEN = "https://github.com/mage-ai/datasets/raw/master/taxi/green/2024"
RIDES = {f"{GREEN}/01.parquet": green_taxi(1), f"{GREEN}/02.parquet": green_taxi(2)}
GIST = "https://gist.githubusercontent.com/moonstruck/cf66f076634b2cdbc2c63e3746a4f7d3"
ZOOMCAMP = ("mage-ai/mage-zoomcamp", "2aad07975afff33b754920075cc615f5dc8c5c1d", "magic-zoomcamp")
EXAMPLES = ("mage-ai/mage-pipeline-examples", "5683775f93cd71545bcf7705a79c96fa4a7e3d1d")
PRECISION = "guide_to_accuracy__precision__and_recall"
MLOPS = ("mage-ai/mlops", "53f8da36be990f329c908e8a6ab4027098f7ec4e", "mlops/unit_3_observability")

CASES = (
    Case("S01", *ZOOMCAMP, "example_pipeline", cleaned_passengers, pages={TITANIC: titanic}),
    Case(
        "S02",
        *ZOOMCAMP,
        "api_to_postgres",
        rides_with_passengers,
        blocks=("load_api_data", "transform_test_data"),
        pages={YELLOW: yellow_taxi},
    ),
    Case("S03", *EXAMPLES, f"examples/ml-models/{PRECISION}", PRECISION, measured_model),
    Case(
        "S04",
        *EXAMPLES,
        "examples/batch-etl/transform_api_data",
        "transform_api_data",
        risks,
        pages={"https://raw.githubusercontent.com/mage-ai/datasets/refs/heads/master/medical.csv": medical},
    ),
    Case(
        "S05",
        "mage-ai/demo_etl_pipeline",
        "6759f88507f0ae5f2d3dbcc323475221c239b37f",
        ".",
        "etl_demo",
        meals,
        blocks=("load_dataset",),
        pages={MEALS: restaurants},
    ),
    Case(
        "S06",
        "mage-ai/mage_demo_project",
        "cdc2cbcb00d7905331ad084061b3a526e6996c8d",
        ".",
        "combine_and_transform_user_restaurant",
        meals_with_clean_names,
        blocks=("load_api_data", "clean_column_names"),
        pages={MEALS: restaurants},
    ),
    # Its tests count the rows of the real data.
    Case("S08", *MLOPS, "data_preparation", split_rides, pages=RIDES, options=("--no-tests",), is_large=True),
    Case(
        "S09",
        *MLOPS,
        "sklearn_training",
        nothing_more,
        pages=RIDES,
        options=("--no-tests",),
        pins=("scikit-learn<1.6",),
        requirements="mlops/requirements.txt",
        is_large=True,
    ),
    # The model that it asks is a global data product, made by two other pipelines.
    Case(
        "S10",
        *MLOPS,
        "predict",
        two_predictions,
        pages=RIDES,
        options=("--no-tests", "--var", "max_evaluations=2"),
        pins=("scikit-learn<1.6", "sqlalchemy<2.1"),
        requirements="mlops/requirements.txt",
        is_large=True,
    ),
    Case(
        "S11",
        *MLOPS,
        "automatic_retraining",
        nothing_more,
        blocks=("detect_new_data",),
        pages={"https://hub.docker.com/v2/repositories/mageai/mageai": lambda: b'{"pull_count": 7}'},
        is_large=True,
    ),
    Case(
        "S12",
        "mage-ai/platform_template",
        "300270ab37e8234230b7c5bcbd4ae1697f46ba47",
        "growth/marketing",
        "example_pipeline",
        cleaned_passengers,
        pages={TITANIC: titanic},
    ),
    # Its block logs, which only runs with the arguments of a triggered one can.
    Case(
        "S15",
        "Sensa-Data/sensa-dataops",
        "ba1da0865b25d0640ebaca71975eed9847a31230",
        ".",
        "pydantic_validated_csv_data_ingest_example",
        valid_ships,
        pages={f"{GIST}/raw/barentswatch_ais_live.csv": ships},
        options=("--env", "prod"),
    ),
)
