"""The parts of a written file that do not depend on the network: texts of Python.

Each stands as it will be read.  Words in capitals between at signs, as ``@SIZE@``, are
filled in by ``python_code``.
"""

from __future__ import annotations

__all__ = [
    "DISTANCE_POOL",
    "FIT",
    "INVERT_RULE",
    "INVERT_WORDS",
    "LIGHT_BORDER",
    "LOAD_NETWORK",
    "MAIN",
    "OPEN_IMAGE",
    "PAD",
    "PREDICT",
    "READ_IMAGE",
    "READ_SAFETENSORS",
    "TRY_OUT",
]

DISTANCE_POOL = '''\
class DistancePool2d(nn.Module):
    """A mean of each window whose weights fall with the distance from its centre."""

    def __init__(self, kernel_size, stride=None, falloff=1.0):
        super().__init__()
        square = isinstance(kernel_size, int)
        height, width = (kernel_size, kernel_size) if square else kernel_size
        self.stride = kernel_size if stride is None else stride
        y = torch.arange(height) - (height - 1) / 2
        x = torch.arange(width) - (width - 1) / 2
        distance = torch.hypot(y[:, None], x[None, :]).reshape(1, 1, height, width)
        # exp(-falloff * distance) divided by its sum
        weight = torch.softmax(-falloff * distance.flatten(), 0).reshape(distance.shape)
        self.register_buffer("weight", weight, persistent=False)

    def forward(self, x):
        channels = x.shape[1]
        weight = self.weight.expand(channels, -1, -1, -1)
        return nn.functional.conv2d(x, weight, stride=self.stride, groups=channels)
'''

READ_SAFETENSORS = '''\
def read_safetensors(path):
    """The tensors of a safetensors file by name.

    The file holds the length of its header (8 bytes), the header (JSON: type, shape and
    place of each tensor), then all the numbers.
    """
    content = Path(path).read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    types = {"F32": torch.float32, "I64": torch.int64}
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        numbers = bytearray(content[start + first : start + last])
        tensor = torch.frombuffer(numbers, dtype=types[entry["dtype"]])
        tensors[name] = tensor.reshape(entry["shape"])
    return tensors
'''

LOAD_NETWORK = '''\
def load_network(path=WEIGHTS):
    """The trained network, ready for use."""
    network = Network()
    network.load_state_dict(read_safetensors(path))
    return network.eval()
'''

OPEN_IMAGE = '''\
def open_image(path):
    """An image file in @COLOUR@, upright, and transparency on white."""
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode.startswith("I"):  # 16 bits a pixel: bring them to 8
        image = image.convert("I").point(lambda value: value * (255 / 65535) + 0.5)
        image = image.convert("L")
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("@MODE@")
'''

LIGHT_BORDER = '''\
def has_light_border(image):
    """Whether the median of the outermost pixels is light."""
    width, height = image.size
    pixels = image.convert("L").load()
    border = [pixels[x, y] for x in range(width) for y in (0, height - 1)]
    border += [pixels[x, y] for x in (0, width - 1) for y in range(1, height - 1)]
    return statistics.median(border) > 127
'''

PAD = '''\
def pad(image, width, height):
    """The whole image, scaled to fit inside width x height, in the middle of black."""
    scale = min(width / image.width, height / image.height)
    inner_width = min(width, max(1, round(image.width * scale)))
    inner_height = min(height, max(1, round(image.height * scale)))
    scaled = image.resize((inner_width, inner_height), Image.Resampling.BILINEAR)
    padded = Image.new(image.mode, (width, height))
    padded.paste(scaled, ((width - inner_width) // 2, (height - inner_height) // 2))
    return padded
'''

READ_IMAGE = '''\
def read_image(path, invert=@INVERT@):
    """The image as the network saw images in training: @SHAPE@, normalised.

@INVERT_WORDS@
    """
    image = open_image(path)
@INVERT_RULE@    if invert:
        image = ImageOps.invert(image)
    image = @FIT@
    pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    pixels = pixels.reshape(@HEIGHT@, @WIDTH@, @CHANNELS@).permute(2, 0, 1) / 255
    return (pixels - MEAN) / STD
'''

INVERT_WORDS = {
    True: """\
    The network learnt light things on black, so an image with a light border is
    inverted, unless ``invert`` is True (always) or False (never).""",
    False: """\
    ``invert`` swaps light and dark.""",
}

INVERT_RULE = """\
    if invert is None:
        invert = has_light_border(image)
"""

FIT = {
    "pad": "pad(image, @WIDTH@, @HEIGHT@)",
    "crop": "ImageOps.fit(image, (@WIDTH@, @HEIGHT@), Image.Resampling.BILINEAR)",
    "squash": "image.resize((@WIDTH@, @HEIGHT@), Image.Resampling.BILINEAR)",
}

PREDICT = '''\
@torch.inference_mode()
def predict(network, path, invert=@INVERT@):
    """The classes with their probabilities, the likeliest first."""
    images = read_image(path, invert).unsqueeze(0)
    probabilities = network(images)@FLATTEN@.softmax(1)[0]
    order = probabilities.argsort(descending=True)
    return [(@CLASS@, probabilities[i].item()) for i in order.tolist()]
'''

MAIN = '''\
def main():
    """Say what is on images."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("images", nargs="+", type=Path, help="image files")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="other weights")
    parser.add_argument(
        "--invert",
        action=@ACTION@,
        help="swap light and dark",
    )
    arguments = parser.parse_args()
    if not arguments.weights.is_file():
        parser.error(f"no weights at {arguments.weights}: say --weights FILE")
    network = load_network(arguments.weights)
    for path in arguments.images:
        try:
            guesses = predict(network, path, arguments.invert)[:3]
        except OSError as problem:  # absent, or no image
            parser.error(f"{path} cannot be read as an image: {problem}")
        print(f"{path}:", ", ".join(f"{name} {100 * p:.1f} %" for name, p in guesses))


if __name__ == "__main__":
    main()
'''

TRY_OUT = """\
if __name__ == "__main__":
    network = @MAKE@
    print(network)
    print(tuple(network(torch.rand(1, @CHANNELS@, @HEIGHT@, @WIDTH@)).shape))
"""
