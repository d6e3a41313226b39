"""Why the notation has no layer for a module or a function, by its name."""

from __future__ import annotations

__all__ = ["reason_against"]


def reason_against(kind: str) -> str:
    """Why there is no layer for a class of modules or a function of this name."""
    for words, reason in _REASONS.items():
        if kind.lower().strip("_") in words.lower().split():
            return reason
    return "the notation has no such layer"


_REASONS = {
    "cat concat concatenate stack": "it joins several ways; in the notation only a residual block "
    "has two, and adds them",
    "mul imul": "it multiplies two values, as a gate does; the notation only adds",
    "add iadd": "the notation only adds the two ways of a residual block",
    "sub isub div truediv": "the notation only adds",
    "ReLU6 relu6 Hardswish Hardsigmoid Hardtanh ELU PReLU RReLU SELU CELU Mish Softplus "
    "Softsign LogSigmoid GLU": "the activations of the notation are relu, leakyrelu, sigmoid, "
    "tanh, gelu and silu",
    "LayerNorm LayerNorm2d layer_norm GroupNorm group_norm InstanceNorm2d instance_norm "
    "LocalResponseNorm RMSNorm": "the only normalisation of the notation is batchnorm",
    "MultiheadAttention scaled_dot_product_attention": "attention is no layer of the notation",
    "TransformerEncoderLayer TransformerEncoder": "attention is no layer of the notation",
    "LSTM GRU RNN": "recurrence is no layer of the notation",
    "ConvTranspose2d conv_transpose2d Upsample interpolate PixelShuffle": "nothing in the notation "
    "makes maps larger",
    "Conv1d Conv3d": "the notation's convolution is over height and width",
    "Softmax LogSoftmax Softmax2d log_softmax": "a softmax stands only at the very end, where the "
    "loss holds it",
    "Dropout1d Dropout2d AlphaDropout FeatureAlphaDropout stochastic_depth StochasticDepth": "the "
    "notation's dropout drops single values",
    "squeeze": "it drops the batch, too, where that holds one image: write flatten(1)",
    "conv2d linear batch_norm": "its weights lie outside of any layer: use the module of torch.nn",
}
