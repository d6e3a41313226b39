"""Recipes: checked at birth, from names, files and settings, with errors word for word."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.errors import RecipeError
from convscope.training.recipe import RECIPES, Recipe, changed, read_recipe
from convscope.training.settings import SETTINGS, Setting


def test_every_key_has_a_setting_and_every_setting_a_key() -> None:
    assert [field.name for field in dataclasses.fields(Recipe)] == list(SETTINGS)


def test_the_article_is_as_the_article_says() -> None:
    article = RECIPES["article"]
    assert (article.optimizer, article.learning_rate, article.schedule) == (
        "adam",
        0.001,
        "constant",
    )
    assert (article.batch_size, article.precision, article.validation) == (100, "float32", 0.0)
    plain = dataclasses.replace(Recipe(), name="article", precision="float32")
    assert dataclasses.replace(article, epochs=3.0) == plain


def test_names_are_the_keys_of_the_table() -> None:
    assert {name: recipe.name for name, recipe in RECIPES.items()} == {
        name: name for name in ("article", "fast", "best")
    }


def test_texts_become_values_of_the_right_type() -> None:
    recipe = read_recipe("article", {"epochs": " 0.75", "flip": "Yes", "batch_size": "64"})
    assert (recipe.epochs, recipe.flip, recipe.batch_size) == (0.75, True, 64)
    assert isinstance(recipe.batch_size, int)
    assert recipe.name == "article (epochs=0.75, flip=true, batch_size=64)"


def test_values_may_come_as_values() -> None:
    recipe = changed(RECIPES["fast"], {"epochs": 2, "flip": True})
    assert (recipe.epochs, recipe.flip) == (2.0, True)
    assert isinstance(recipe.epochs, float)


def test_without_changes_it_is_the_same_recipe() -> None:
    assert read_recipe("best") is RECIPES["best"]
    assert read_recipe(RECIPES["best"], {}) is RECIPES["best"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"learning_rat": "1"},
            'setting learning_rat=1: a recipe has no key "learning_rat": '
            f'did you mean "learning_rate"? the keys are {", ".join(SETTINGS)}',
        ),
        (
            {"zzz": "1"},
            f'setting zzz=1: a recipe has no key "zzz": the keys are {", ".join(SETTINGS)}',
        ),
        (
            {"learning_rate": "0"},
            "setting learning_rate=0: 0.0 is not allowed: give a number above 0 to 1000",
        ),
        (
            {"warmup": "1"},
            "setting warmup=1: 1.0 is not allowed: give a number from 0 to below 1",
        ),
        (
            {"epochs": "nan"},
            "setting epochs=nan: nan is not allowed: give a number above 0 to 100000",
        ),
        (
            {"epochs": "٣"},
            'setting epochs=٣: "٣" is not allowed: give a number above 0 to 100000',
        ),
        (
            {"batch_size": "1.5"},
            'setting batch_size=1.5: "1.5" is not allowed: give a whole number from 1 to 100000',
        ),
        (
            {"batch_size": True},
            "setting batch_size=True: True is not allowed: give a whole number from 1 to 100000",
        ),
        (
            {"flip": "maybe"},
            'setting flip=maybe: "maybe" is not allowed: give true or false',
        ),
        ({"flip": 1}, "setting flip=1: 1 is not allowed: give true or false"),
        (
            {"optimizer": "adma"},
            'setting optimizer=adma: "adma" is not allowed: did you mean "adam"? '
            'give "adam" or "sgd" or "muon"',
        ),
    ],
)
def test_what_is_not_allowed_is_said(settings: dict[str, str], message: str) -> None:
    with pytest.raises(RecipeError) as error:
        read_recipe("fast", settings)
    assert str(error.value) == message


def test_a_recipe_made_in_python_is_checked_too() -> None:
    with pytest.raises(RecipeError) as error:
        Recipe(epochs=-1)
    assert str(error.value) == "recipe, epochs: -1 is not allowed: give a number above 0 to 100000"


@pytest.mark.parametrize("key", [key for key, it in SETTINGS.items() if it.kind in (int, float)])
def test_both_ends_of_every_range_hold(key: str) -> None:
    setting = SETTINGS[key]
    kind = setting.kind
    inside = {kind(setting.least + (0.5 if setting.above else 0))}
    inside |= {kind(setting.most * (0.999 if setting.below else 1))}
    for value in inside:
        assert setting.accepts(value), value
    outside = {setting.least if setting.above else kind(setting.least - 1)}
    outside |= {setting.most if setting.below else kind(setting.most + 1)}
    for value in outside:
        assert not setting.accepts(kind(value)), value


def test_unknown_names_are_corrected() -> None:
    with pytest.raises(RecipeError) as error:
        read_recipe("fest")
    assert str(error.value) == (
        'there is no recipe "fest": did you mean "fast"? known are article, fast, best, '
        "or a TOML file"
    )


def test_a_file_changes_the_recipe_it_names_as_its_base(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('base = "fast"\nepochs = 5\nflip = true\n', encoding="utf-8")
    expected = dataclasses.replace(RECIPES["fast"], name="mine", epochs=5.0, flip=True)
    assert read_recipe(path) == expected
    assert read_recipe(str(path), {"epochs": "6"}).epochs == 6


def test_a_file_without_base_starts_from_the_plain_recipe(tmp_path: Path) -> None:
    path = tmp_path / "plain.toml"
    path.write_text("epochs = 1.5\n", encoding="utf-8")
    assert read_recipe(path) == Recipe(name="plain", epochs=1.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch = 1", '{path}, epoch: a recipe has no key "epoch": did you mean "epochs"?'),
        ("epochs = '1'", '{path}, epochs: "1" is not allowed: give a number above 0 to 100000'),
        ("epochs = [1]", "{path}, epochs: [1] is not allowed: give a number above 0 to 100000"),
        ("base = 'fest'", '{path}, base: there is no recipe "fest": known are article, fast, best'),
        ("base = ['fast']", "{path}, base: there is no recipe"),
        ("epochs 3", "{path}: this is no TOML file: "),
    ],
)
def test_faults_in_a_file_name_the_file_and_the_key(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError) as error:
        read_recipe(path)
    assert str(error.value).startswith(message.format(path=path))


def test_a_file_that_is_no_text_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="this is no TOML file"):
        read_recipe(path)
    with pytest.raises(RecipeError) as error:
        read_recipe(tmp_path / "absent.toml")
    assert str(error.value) == (
        f"there is no recipe file {tmp_path / 'absent.toml'}: "
        "give the path of a TOML file, or one of article, fast, best"
    )


def _values(setting: Setting) -> st.SearchStrategy[object]:
    if setting.choices:
        return st.sampled_from(setting.choices)
    if setting.kind is bool:
        return st.booleans()
    if setting.kind is str:
        return st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1)
    if setting.kind is int:
        return st.integers(int(setting.least), int(min(setting.most, 10**6)))
    return st.floats(
        setting.least, min(setting.most, 1e6), exclude_min=setting.above, exclude_max=setting.below
    )


@given(st.fixed_dictionaries({key: _values(setting) for key, setting in SETTINGS.items()}))
def test_toml_reads_back_as_the_same_recipe(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, object]
) -> None:
    recipe = Recipe(**values)  # type: ignore[arg-type]
    path = tmp_path_factory.mktemp("recipes") / "any.toml"
    path.write_text(recipe.toml(), encoding="utf-8")
    assert read_recipe(path) == recipe
    assert Recipe(**recipe.as_dict()) == recipe  # type: ignore[arg-type]


def test_the_documentation_lists_every_key_and_what_it_may_be() -> None:
    page = Path(__file__).parents[2] / "docs" / "training.md"
    text = page.read_text(encoding="utf-8")
    for key, setting in SETTINGS.items():
        assert f"| `{key}` | {setting.allowed} | {setting.summary} |\n" in text
    for name in RECIPES:
        assert f"| `{name}` |" in text
