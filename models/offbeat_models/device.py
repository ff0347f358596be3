"""Which device a model runs on."""

from __future__ import annotations

import torch


class DeviceError(RuntimeError):
    """The device asked for is not on this machine."""


def choose_device(wanted: str = "auto") -> torch.device:
    """Return the device named: "cuda", "cpu", or "auto" for CUDA where there is one.

    With CUDA, float32 is float32 from then on in this process: cuDNN would round what it multiplies to ten bits
    (TF32), and scores would differ from the CPU's in the third digit.

    Raises:
        DeviceError: if "cuda" was asked for and there is none, or the name is unknown.
    """
    if wanted == "cpu":
        return torch.device("cpu")
    if wanted not in ("auto", "cuda"):
        raise DeviceError(f"unknown device {wanted!r}; expected auto, cpu or cuda")
    if torch.cuda.is_available():
        torch.backends.cudnn.allow_tf32 = False
        return torch.device("cuda")
    if wanted == "cuda":
        raise DeviceError(
            f"device cuda was asked for, but torch {torch.__version__} sees no CUDA device: "
            "install a CUDA build of torch and its driver, or set the device to auto or cpu"
        )
    return torch.device("cpu")
