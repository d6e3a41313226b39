"""What a subject is, whoever it comes from; wrong questions are answered with what there is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Volume
from convscope.architecture.shapes import walk
from convscope.data.preprocessing import Preprocessing
from convscope.data.sources import load_data
from convscope.errors import ConvscopeError, UsageError
from convscope.inspection.subject import Layer, Picture, Subject, require_spatial, subject_of
from convscope.training.runs import open_run
from tests.inspection.networks import ConvNet1, Functional, SmallResNet, Wrong
from tests.inspection.test_recording import state_of


@pytest.fixture(scope="module")
def article() -> Subject:
    return subject_of("article", seed=3)


def test_the_layers_are_the_calls_with_what_they_make(article: Subject) -> None:
    assert article.layers[0] == Layer("conv1", "Conv2d", (16, 28, 28), "input", True)
    assert [each.name for each in article.layers] == [
        *("conv1", "batch1", "relu1", "pool1", "conv2", "batch2", "relu2", "pool2", "fc")
    ]
    assert [each.spatial for each in article.layers] == [True] * 8 + [False]
    assert article.layer("pool2").shape == (32, 7, 7)


def test_layers_that_are_not_there(article: Subject) -> None:
    with pytest.raises(UsageError) as error:
        article.layer("conv3")
    assert str(error.value) == "article has no layer 'conv3': did you mean \"conv2\"?"
    with pytest.raises(UsageError) as error:
        article.layer("x")
    assert str(error.value) == (
        "article has no layer 'x': its layers are conv1, batch1, relu1, pool1, conv2, batch2, "
        "relu2, pool2, fc"
    )


def test_a_network_whose_parts_are_no_modules_has_no_layers() -> None:
    subject = subject_of(nn.Flatten(), shape=Volume(3, 3, 1))
    assert subject.layers == ()
    with pytest.raises(UsageError, match="none of its parts is a module of its own"):
        subject.layer("conv1")


def test_layers_without_maps_are_refused_where_maps_are_needed(article: Subject) -> None:
    require_spatial(article, ["conv1", "pool2"])
    with pytest.raises(UsageError, match=r"^fc makes a vector, not maps: those that make maps are"):
        require_spatial(article, ["conv1", "fc"])


def test_a_tensor_is_what_the_preprocessing_says(article: Subject) -> None:
    images = article.images[:3]
    found = article.tensor(images)
    expected = article.preprocessing.normalised(images)
    assert found.dtype == torch.float32
    assert np.allclose(found.numpy(), expected, atol=1e-6)
    assert torch.equal(article.tensor(images[0]), found[:1])
    # A view in somebody's forward needs rows behind one another, also where N or C is 1.
    assert found.stride() == (784, 784, 28, 1)
    assert article.tensor(images[:1]).stride() == (784, 784, 28, 1)


def test_probabilities_are_the_softmax_of_the_networks_outputs(article: Subject) -> None:
    with torch.no_grad():
        expected = torch.softmax(article.module(article.tensor(article.images[:5])), 1)
    assert np.allclose(article.probabilities(article.images[:5]), expected.numpy(), atol=1e-6)
    assert article.probabilities(article.images[0]).shape == (1, 10)


def test_a_view_in_the_forward_works_on_grey_images_of_any_number() -> None:
    subject = subject_of(ConvNet1())
    assert subject.probabilities(subject.images[:7]).shape == (7, 10)
    assert subject.probabilities(subject.images[0]).shape == (1, 10)


def test_samples_by_their_number(article: Subject) -> None:
    picture = article.picture(3)
    assert picture.name == "fashion-mini (test), image 3"
    assert np.array_equal(picture.pixels, article.images[3])
    assert picture.label == article.labels[3]
    assert article.picture("3").label == picture.label
    assert article.picture(picture) is picture
    for number in (-1, len(article.images)):
        with pytest.raises(UsageError, match=r"there is no image .*: give 0 to 499, or a picture"):
            article.picture(number)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "I;16", "1", "P", "CMYK", "LA"])
@pytest.mark.parametrize("size", [(28, 28), (300, 200), (1, 9)])
def test_files_of_any_size_and_kind_are_brought_to_the_network(
    article: Subject, tmp_path: Path, mode: str, size: tuple[int, int]
) -> None:
    path = tmp_path / ("picture.jpg" if mode == "CMYK" else "picture.png")
    Image.new(mode, size).save(path)
    for subject in (article, subject_of("resnet20")) if size == (300, 200) else (article,):
        picture = subject.picture(path)
        volume = subject.volume
        assert picture.pixels.shape == (volume.channels, volume.height, volume.width)
        assert picture.pixels.dtype == np.uint8
        assert f"{volume.height}×{volume.width}" in picture.words
        assert picture.label is None
        assert subject.probabilities(picture.pixels).shape == (1, 10)


def test_files_that_are_no_pictures(article: Subject, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture", encoding="utf-8")
    for name in ("text.png", "absent.png"):
        with pytest.raises(ConvscopeError):
            article.picture(tmp_path / name)


@pytest.mark.parametrize("shape", [(1, 27, 28), (3, 28, 28), (2, 28, 28), (28, 28), (4, 28, 28)])
def test_pictures_of_another_size_are_refused(article: Subject, shape: tuple[int, ...]) -> None:
    with pytest.raises(
        UsageError, match=r"^the picture is uint8 .* and article takes uint8 1×28×28"
    ):
        article.picture(Picture("mine", np.zeros(shape, np.uint8)))
    with pytest.raises(UsageError, match=r"^the picture is float32 1×28×28"):
        article.picture(Picture("mine", np.zeros((1, 28, 28), np.float32)))


def test_runs_by_name_folder_and_value() -> None:
    run = open_run("example")
    for source in ("example", run, run.path):
        subject = subject_of(source, data="fashion-mini")
        assert subject.trained
        assert subject.classes == run.classes
        assert subject.architecture == run.architecture
        answers = subject.probabilities(subject.images).argmax(1)
        assert (answers == subject.labels).mean() > 0.85


def test_a_run_whose_data_are_not_here_shows_other_images(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = open_run("example")
    monkeypatch.setattr(
        "convscope.inspection.sources.evaluated_images",
        lambda *_: (_ for _ in ()).throw(ConvscopeError("they are gone")),
    )
    with pytest.raises(ConvscopeError, match="they are gone"):
        subject_of(run, data="somewhere")
    subject = subject_of(run)
    assert subject.note == (
        "the run's own data are not here (they are gone): images of fashion-mini (test) are shown"
    )
    assert len(subject.images) == len(subject.labels) == 500


def test_architectures_are_untrained_and_drawn_with_the_seed(tmp_path: Path) -> None:
    line = "input 28x28x1 -> conv 4 3x3 -> relu -> fc 10"
    (tmp_path / "mine.txt").write_text(line, encoding="utf-8")
    sources: list[object] = [line, Architecture.parse(line), tmp_path / "mine.txt"]
    found = [subject_of(source, seed=4) for source in sources]
    for subject, name in zip(found, ["custom", "custom", "mine"], strict=True):
        assert not subject.trained
        assert subject.name == name
        told = "this network" if name == "custom" else name
        assert subject.note == f"{told} is untrained: its weights are drawn with seed 4"
        assert torch.equal(
            subject.module.get_parameter("conv1.weight"),
            found[0].module.get_parameter("conv1.weight"),
        )
    other = subject_of(line, seed=5).module.get_parameter("conv1.weight")
    assert not torch.equal(other, found[0].module.get_parameter("conv1.weight"))


def test_an_open_architecture_takes_what_the_data_are() -> None:
    subject = subject_of("article", data="shapes")
    data = load_data("shapes")
    assert subject.volume == data.volume
    assert subject.classes == data.classes
    assert np.array_equal(subject.labels, data.test.labels)
    assert subject_of("input auto -> fc classes").classes == load_data("fashion-mini").classes


def test_grey_samples_become_colour_for_a_network_that_takes_colour() -> None:
    subject = subject_of("resnet20")
    assert subject.images.shape == (500, 3, 32, 32)
    assert np.array_equal(subject.images[:, 0], subject.images[:, 2])
    assert len(set(subject.preprocessing.mean)) == 1
    means = subject.tensor(subject.images).mean((0, 2, 3))
    assert torch.allclose(means[0], means[2])


def test_other_numbers_of_classes_have_no_names_and_no_labels() -> None:
    subject = subject_of("input 28x28x1 -> fc 3")
    assert subject.classes == ("class 0", "class 1", "class 2")
    assert len(subject.labels) == 0
    assert subject.picture(0).label is None
    assert subject.class_name(1) == "class 1"
    assert subject.class_name(7) == "class 7"


@pytest.mark.parametrize("channels", [2, 4])
def test_networks_for_images_that_do_not_exist(channels: int) -> None:
    message = f"the network takes {channels} channels, and images have 1 or 3"
    with pytest.raises(UsageError, match=message):
        subject_of(f"input 8x8x{channels} -> conv 4 3x3 -> fc 10")
    module = nn.Sequential(nn.Conv2d(channels, 2, 3), nn.Flatten(), nn.Linear(72, 3))
    with pytest.raises(UsageError, match=message):
        subject_of(module)


def test_a_module_of_ones_own() -> None:
    module = ConvNet1()
    subject = subject_of(module)
    assert subject.name == "ConvNet1"
    assert subject.volume == Volume(28, 28, 1)
    assert subject.architecture is not None
    assert subject.classes == tuple(f"class {number}" for number in range(10))
    assert len(subject.labels) == 0  # whose images they are says nothing of its classes
    assert subject.preprocessing.mean == (0.0,)
    assert subject.preprocessing.std == (1.0,)
    assert not subject.preprocessing.dark_background
    assert "how its images were prepared is not known" in subject.note
    assert float(subject.tensor(subject.images).max()) == 1.0
    with_data = subject_of(module, data="fashion-mini")
    assert with_data.classes == load_data("fashion-mini").classes
    assert len(with_data.labels) == 500


def test_its_owner_can_say_how_images_are_prepared_and_what_the_classes_are() -> None:
    own = Preprocessing((28, 28), 1, "crop", (0.5,), (0.25,), dark_background=True)
    names = [f"letter {letter}" for letter in "abcdefghij"]
    subject = subject_of(ConvNet1(), preprocessing=own, classes=names)
    assert subject.preprocessing == own
    assert subject.class_name(2) == "letter c"
    assert "how its images" not in subject.note
    sized = Preprocessing((16, 16), 1, "pad", (0.0,), (1.0,))
    assert subject_of(SmallResNet(), preprocessing=sized).volume == Volume(16, 16, 1)
    with pytest.raises(UsageError, match="there are 2 names of classes, and it tells 10 apart"):
        subject_of(ConvNet1(), classes=["yes", "no"])


def test_a_module_whose_size_does_not_follow_must_be_told_one() -> None:
    with pytest.raises(UsageError) as error:
        subject_of(SmallResNet())
    assert str(error.value) == (
        'SmallResNet: its layers do not tell what it takes: say it with "--shape 224x224x3" '
        "(shape= in Python), height first"
    )
    assert subject_of(SmallResNet(), shape=Volume(12, 10, 1)).volume == Volume(12, 10, 1)
    assert subject_of(SmallResNet(), data="fashion-mini").volume == Volume(28, 28, 1)


def test_data_with_other_classes_give_images_and_no_labels() -> None:
    subject = subject_of(SmallResNet(), data="fashion-mini")
    assert len(subject.labels) == 0
    assert "fashion-mini has 10 classes, SmallResNet 5: no labels" in subject.note


def test_the_live_module_stays_as_it_is_while_the_subject_lives() -> None:
    module = ConvNet1().double().train()
    images = torch.rand(4, 1, 28, 28, dtype=torch.float64)
    module(images).sum().backward()
    module.conv2.weight.requires_grad_(False)
    before = state_of(module)
    subject = subject_of(module)
    subject.probabilities(subject.images[:2])
    assert state_of(module) == before
    assert module.conv1.weight.dtype == torch.float64
    assert not subject.module.training
    assert subject.module.get_parameter("conv1.weight").dtype == torch.float32
    weight = subject.module.get_parameter("conv1.weight").clone()
    with torch.no_grad():
        module.conv1.weight.add_(1)
    assert torch.equal(subject.module.get_parameter("conv1.weight"), weight)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_modules_of_another_precision_answer_as_in_float32(dtype: torch.dtype) -> None:
    module = ConvNet1().eval()
    for value in module.state_dict().values():
        if value.is_floating_point():
            value.copy_(value.to(torch.bfloat16))  # numbers that all of them hold
    subject, other = subject_of(module), subject_of(module.to(dtype))
    images = subject.images[:3]
    assert np.allclose(subject.probabilities(images), other.probabilities(images), atol=1e-2)


def test_modules_that_end_in_a_softmax_are_not_softmaxed_twice() -> None:
    scores = ConvNet1().eval()
    plain = subject_of(scores)
    for end in (nn.Softmax(1), nn.LogSoftmax(1)):
        subject = subject_of(nn.Sequential(scores, end))
        images = subject.images[:4]
        assert np.allclose(subject.probabilities(images), plain.probabilities(images), atol=1e-6)
        assert subject.outputs == ("probabilities" if isinstance(end, nn.Softmax) else "scores")
        assert "at its end is left out" in subject.note
    assert plain.outputs == "scores"


def test_weights_that_are_not_finite() -> None:
    for value in (torch.nan, torch.inf):
        module = ConvNet1()
        module.conv2.weight.data[0, 0, 0, 0] = value
        with pytest.raises(UsageError) as error:
            subject_of(module)
        assert str(error.value) == (
            "ConvNet1: conv2.weight holds values that are not finite: look into an earlier "
            "checkpoint, or train again with a lower learning rate"
        )


def test_what_cannot_be_used_says_so() -> None:
    with pytest.raises(UsageError, match="it gives a dict with out"):
        subject_of(Wrong(lambda self, x: {"out": self.end(self.conv(x))}), shape=Volume(6, 6, 1))
    with pytest.raises(UsageError, match="it does not take an image of 9×9×1: RuntimeError"):
        subject_of(Wrong(lambda self, x: self.end(self.conv(x))), shape=Volume(9, 9, 1))


def test_a_network_without_parameters_or_convolutions() -> None:
    subject = subject_of(nn.Sequential(nn.AvgPool2d(14), nn.Flatten()), shape=Volume(28, 28, 1))
    assert len(subject.classes) == 4
    assert str(subject.architecture) == "input 28x28x1 -> avgpool 14 -> flatten"
    assert subject.probabilities(subject.images[:2]).shape == (2, 4)


def test_our_layer_is_found_by_theirs_and_never_by_a_name_that_happens_to_be_the_same() -> None:
    class Misleading(nn.Module):
        """conv2 comes first."""

        def __init__(self) -> None:
            super().__init__()
            self.conv2 = nn.Conv2d(1, 2, 3)
            self.conv1 = nn.Conv2d(2, 3, 3)
            self.fc = nn.Linear(3 * 16, 4)

        def forward(self, x: Tensor) -> Tensor:
            result: Tensor = self.fc(self.conv1(self.conv2(x)).flatten(1))
            return result

    subject = subject_of(Misleading())
    node = subject.node("conv2")
    assert node is not None
    assert (node.name, node.output.channels) == ("conv1", 2)
    assert subject.node("conv3") is None
    for layer in subject.layers:
        found = subject.node(layer.name)
        assert found is not None
        assert found.output.channels == layer.shape[0]


def test_every_layer_of_our_own_networks_has_its_node() -> None:
    subject = subject_of("resnet20")
    nodes = {node.name for node in walk(subject.architecture.nodes)}
    assert {each.name for each in subject.layers if subject.node(each.name)} == nodes
    assert subject_of(Functional()).node("relu1") is None  # a function there, and no module


def test_large_networks_get_fewer_samples() -> None:
    module = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    subject = subject_of(module, shape=Volume(224, 224, 3))
    assert 16 <= len(subject.images) < 500
    assert subject.images.nbytes <= 2**25


def test_what_is_no_source() -> None:
    with pytest.raises(ConvscopeError):
        subject_of("no such run")
    with pytest.raises(UsageError, match="there is no such file"):
        subject_of("absent.py:Net")
    subject = subject_of("article")
    assert subject_of(subject) is subject
