"""Encoder, readers and decoders beside their formulas, and frozen backbones."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from convscope.applications.captioning.attention import AttentionDecoder
from convscope.applications.captioning.decoder import PlainDecoder, forget_little
from convscope.applications.captioning.encoder import Encoder
from convscope.applications.captioning.network import FEATURES, METHODS, make_network
from convscope.applications.captioning.readers import ClipLSTM, ClipMean, GridReader
from convscope.applications.captioning.vocabulary import START
from convscope.network.build import build

WORDS = 9
BACKBONE = "input 32x32x1 -> conv 4 3x3 pad 1 -> batchnorm -> relu -> maxpool 2"


def features(count: int = 2) -> Tensor:
    return torch.rand(count, 16, 6, generator=torch.Generator().manual_seed(3))


def decoders() -> dict[str, PlainDecoder | AttentionDecoder]:
    torch.manual_seed(0)
    reader = GridReader(6, 4, concepts=2, sums=3, width=8)
    return {
        "plain": PlainDecoder(reader, WORDS, width=8, dropout=0.3),
        "attention": AttentionDecoder(6, WORDS, width=5, hidden=7, dropout=0.3),
    }


@pytest.mark.parametrize("name", ["plain", "attention"])
@torch.no_grad()
def test_teacher_forcing_is_one_word_after_the_other(name: str) -> None:
    decoder, words = decoders()[name].eval(), torch.tensor([[START, 4, 5, 6], [START, 7, 4, 8]])
    logits, _ = decoder(features(), words)
    state = decoder.begin(features())
    for place in range(words.shape[1]):
        found, state = decoder.step(state, words[:, place])
        torch.testing.assert_close(found, logits[:, place], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ["plain", "attention"])
@torch.no_grad()
def test_an_image_serves_all_its_paraphrases(name: str) -> None:
    decoder = decoders()[name].eval()
    words = torch.randint(4, WORDS, (6, 5), generator=torch.Generator().manual_seed(1))
    once, _ = decoder(features(), words)
    thrice, _ = decoder(features().repeat_interleave(3, 0), words)
    torch.testing.assert_close(once, thrice)


@torch.no_grad()
def test_a_plain_decoder_begins_with_the_image_and_meets_it_at_every_word() -> None:
    """h and c after the image alone, then words (Vinyals et al. 2015, equations 10 to 12);
    each state joined with the image before a word is said (Mao et al. 2015)."""
    decoder = decoders()["plain"].eval()
    assert isinstance(decoder, PlainDecoder)
    cell = nn.LSTMCell(8, 8)
    for name, weight in decoder.lstm.named_parameters():
        getattr(cell, name.removesuffix("_l0")).data.copy_(weight)
    words = torch.tensor([[START, 4, 5]] * 2)
    image = decoder.reader(features())
    state = cell(image)
    expected = []
    for place in range(3):
        state = cell(decoder.embedding(words[:, place]), state)
        met = torch.relu(decoder.of_state(state[0]) + decoder.of_image(image))
        expected.append(decoder.output(state[0] + met))
    found, weights = decoder(features(), words)
    torch.testing.assert_close(found, torch.stack(expected, 1), atol=1e-5, rtol=1e-5)
    assert weights is None


@torch.no_grad()
def test_attention_is_the_papers_formula() -> None:
    decoder = decoders()["attention"].eval()
    assert isinstance(decoder, AttentionDecoder)
    cells, words = features(1), torch.tensor([[START, 4]])
    hidden, memory = torch.tanh(decoder.beginning(cells.mean(1))).chunk(2, 1)
    logits, weights = decoder(cells, words)
    for place in range(2):
        energies = torch.stack(
            [
                decoder.energy(torch.tanh(decoder.of_cell(cell) + decoder.of_state(hidden[0])))[0]
                for cell in cells[0]
            ]
        )
        alpha = energies.exp() / energies.exp().sum()
        torch.testing.assert_close(weights[0, place], alpha)
        beta = 1 / (1 + math.exp(-float(decoder.gate(hidden))))
        context = beta * sum(share * cell for share, cell in zip(alpha, cells[0], strict=True))
        before = decoder.embedding(words[:, place])
        hidden, memory = decoder.lstm(torch.cat([before, context[None]], 1), (hidden, memory))
        said = before + decoder.say_state(hidden) + decoder.say_context(context[None])
        torch.testing.assert_close(logits[:, place], decoder.output(said), atol=1e-5, rtol=1e-5)


def test_forget_gates_begin_open_and_the_others_as_torch_draws_them() -> None:
    lstm = nn.LSTM(3, 5)
    before = lstm.bias_ih_l0.detach().clone()
    forget_little(lstm)
    assert bool((lstm.bias_ih_l0[5:10] == 1).all())
    assert torch.equal(lstm.bias_ih_l0[10:], before[10:])
    assert torch.equal(lstm.bias_ih_l0[:5], before[:5])


@torch.no_grad()
def test_a_reader_tells_places_apart() -> None:
    """The same thing in another cell is another vector; of equal weights it would be the same."""
    torch.manual_seed(0)
    reader = GridReader(6, 4, concepts=2, sums=3, width=8).eval()
    grids = torch.zeros(2, 16, 6)
    grids[0, 0, :4], grids[1, 15, :4] = 1, 1
    one, other = reader(grids)
    assert float((one - other).abs().max()) > 0.01
    reader.places.fill_(0.25)
    one, other = reader(grids)
    torch.testing.assert_close(one, other)
    with pytest.raises(ValueError, match="17 sums of a grid with 16 cells"):
        GridReader(6, 4, concepts=2, sums=17, width=8)


@torch.no_grad()
def test_a_reader_is_its_formula() -> None:
    torch.manual_seed(0)
    reader = GridReader(6, 4, concepts=2, sums=3, width=8).eval()
    for norm in (reader.inner_norm, reader.outer_norm, reader.present_norm):
        norm.running_mean.uniform_(-1, 1)
        norm.running_var.uniform_(0.5, 2)
    grid = 0.1 * torch.rand(1, 16, 6)
    weights = reader.places.view(3, 6, 16)
    sums = [float(weights[k, f] @ grid[0, :, f]) for f in range(6) for k in range(3)]
    steps, chances = torch.linspace(-1, 1, 4), grid[0, :, 4:]
    down, across = steps.repeat_interleave(4), steps.repeat(4)
    means = [float(p @ line / p.sum()) for line in (down, across) for p in chances.T]
    read = torch.tensor([[*sums, *means]])
    odds = torch.stack([1 / (1 - p).prod() - 1 for p in chances.T]).log()[None]
    hidden = torch.relu(reader.inner_norm(reader.inner(read)))
    expected = reader.outer_norm(reader.outer(hidden)) + reader.present(reader.present_norm(odds))
    torch.testing.assert_close(reader(grid), expected, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_the_mean_over_time_forgets_the_order_and_an_lstm_does_not() -> None:
    torch.manual_seed(0)
    reader = GridReader(6, 4, concepts=2, sums=3, width=8).eval()
    mean, recurrent = ClipMean(reader).eval(), ClipLSTM(reader, 8).eval()
    clip = torch.rand(1, 5, 16, 6)
    torch.testing.assert_close(mean(clip), mean(clip.flip(1)))
    assert float((recurrent(clip) - recurrent(clip.flip(1))).abs().max()) > 1e-4
    torch.testing.assert_close(mean(clip)[0], reader(clip[0]).mean(0))


@torch.no_grad()
def test_a_reader_of_clips_is_its_formula() -> None:
    torch.manual_seed(0)
    recurrent = ClipLSTM(GridReader(6, 4, concepts=2, sums=3, width=8), 8)
    recurrent.train()(torch.rand(9, 5, 16, 6))  # so that its means and deviations are its own
    recurrent.eval()
    reader, clip = recurrent.reader, torch.rand(1, 5, 16, 6)
    read = [reader.read(frame) for frame in clip[0][:, None]]
    cell = nn.LSTMCell(8, 8)
    for name, weight in recurrent.lstm.named_parameters():
        getattr(cell, name.removesuffix("_l0")).data.copy_(weight)
    state = (torch.zeros(1, 8), torch.zeros(1, 8))
    for own in read:
        state = cell(recurrent.changes(own - read[0]), state)
    expected = reader(clip[0]).mean(0) + recurrent.norm(state[0])
    torch.testing.assert_close(recurrent(clip), expected, atol=1e-4, rtol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize(("length", "read"), [(8, [0, 2, 5, 7]), (3, [0, 1, 2]), (1, [0])])
def test_of_a_clip_four_frames_are_read_from_the_first_to_the_last(
    length: int, read: list[int]
) -> None:
    network = make_network(
        "clip-lstm", build(BACKBONE, seed=0), 4, side=4, words=WORDS, kernels=6, hidden=8, seed=0
    ).eval()
    clips = torch.randn(2, length, 1, 32, 32)
    torch.testing.assert_close(network.see(clips), network.see(clips[:, read]))
    assert network.see(clips).shape[1] == len(read)


@torch.no_grad()
def test_cells_come_row_by_row_and_know_their_place() -> None:
    encoder = Encoder(build(BACKBONE, seed=0), 4, kernels=6, features=5).eval()
    images = torch.randn(2, 1, 32, 32)
    grid = encoder(images)
    assert grid.shape == (2, 16, 5)
    maps = encoder.stages(encoder.backbone(images))
    assert maps.shape == (2, 6, 4, 4)
    # cell 6 is row 1, column 2: column −1 + 2·2/3, row −1 + 2·1/3
    cell = torch.cat([maps[0, :, 1, 2], torch.tensor([1 / 3, -1 / 3])])
    expected = torch.relu(encoder.cells.weight[:, :, 0, 0] @ cell + encoder.cells.bias)
    torch.testing.assert_close(grid[0, 6], expected, atol=1e-5, rtol=1e-5)
    clips = images.view(1, 2, 1, 32, 32)
    torch.testing.assert_close(encoder(clips)[0], grid)


@torch.no_grad()
def test_a_decoder_reads_features_places_and_words_of_every_cell() -> None:
    network = make_network(
        "attention", build(BACKBONE, seed=0), 4, side=4, words=WORDS, kernels=6, hidden=8, seed=0
    ).eval()
    images = torch.randn(2, 3, 1, 32, 32)  # clips of three frames
    read = network.see(images)
    features, places, words = read.split([FEATURES, 2, WORDS - 4], -1)
    torch.testing.assert_close(features, network.encoder(images))
    torch.testing.assert_close(words, torch.sigmoid(network.words(features)))
    # cell 6 is row 1, column 2
    assert torch.equal(places, places[:1, :1].expand_as(places))
    torch.testing.assert_close(places[0, 0, 6], torch.tensor([1 / 3, -1 / 3]))


def test_a_frozen_backbone_learns_nothing_and_keeps_its_means() -> None:
    encoder = Encoder(build(BACKBONE, seed=0), 4, kernels=6, features=5)
    encoder.frozen = True
    encoder.train()
    before = {name: value.clone() for name, value in encoder.backbone.state_dict().items()}
    encoder(torch.randn(4, 1, 32, 32)).sum().backward()
    assert all(weight.grad is None for weight in encoder.backbone.parameters())
    assert encoder.cells.weight.grad is not None
    after = encoder.backbone.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    encoder.frozen = False
    encoder.train()
    encoder(torch.randn(4, 1, 32, 32)).sum().backward()
    assert all(weight.grad is not None for weight in encoder.backbone.parameters())
    assert not torch.equal(before["batch1.running_mean"], encoder.backbone.batch1.running_mean)


@pytest.mark.parametrize("method", METHODS)
def test_a_network_hangs_on_its_seed_alone(method: str) -> None:
    state = torch.random.get_rng_state()
    one, same, other = (
        make_network(
            method, build(BACKBONE, seed=0), 4, side=4, words=WORDS, kernels=6, hidden=8, seed=seed
        )
        for seed in (1, 1, 2)
    )
    assert torch.equal(torch.random.get_rng_state(), state)
    weights = [network.decoder.output.weight for network in (one, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
