"""One thread for torch: results are the same bit for bit, and tests do not fight over cores."""

import torch

torch.set_num_threads(1)
