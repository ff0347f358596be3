"""The choice of a device."""

import pytest
import torch

from offbeat_models.device import DeviceError, choose_device


def test_the_cpu_is_always_there() -> None:
    """Asking for the CPU gives it."""
    assert choose_device("cpu") == torch.device("cpu")


def test_auto_takes_what_there_is() -> None:
    """Auto gives CUDA exactly where there is one."""
    assert (choose_device("auto").type == "cuda") == torch.cuda.is_available()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_missing_gpu_is_named() -> None:
    """Asking for CUDA where there is none says what to do."""
    with pytest.raises(DeviceError, match="set the device to auto or cpu"):
        choose_device("cuda")


def test_an_unknown_device_is_refused() -> None:
    """A device nobody knows is named together with those that are known."""
    with pytest.raises(DeviceError, match="unknown device 'tpu'"):
        choose_device("tpu")
