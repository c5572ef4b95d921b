"""What machines the rows' accelerators stand in. Sources: dialects/Sigma/Presets.cpp, and where it has no such machine,
the vendors' data sheets: NVIDIA "Blackwell Ultra" (2025: B300, GB300), "GB200 NVL72" (2024), "H20" (2023), "V100" (2020: the node
is DGX-2's share of adapters), AMD "MI325X" (2024). `generation` is whose efficiencies it has (knobs.py)."""

import dataclasses
import re
from typing import Optional


@dataclasses.dataclass
class Machine:
    name: str
    generation: str  # whose efficiencies it has
    bf16: float  # FLOP/s, dense
    fp8: Optional[float]
    fp4: Optional[float]
    memory: int  # bytes
    bandwidth: int  # bytes/s
    node: int  # devices that the fast links join
    link: int  # bytes/s of them, one way
    network: int  # bytes/s of a device's adapter
    ultra: bool = False  # the later kind of its generation: the same data sheet, more power

    def peak(self, precision):
        return {"bf16": self.bf16, "fp8": self.fp8, "fp4": self.fp4}[precision]


_T, _G, _MIB, _GIB = 1e12, 10**9, 2**20, 2**30
MACHINES = [
    # Peaks are dense. Memory is what the driver reports where that is known: vendors' "80 GB" are GiB less what it
    # keeps. Adapters as in the vendor's DGX, or the accelerator's rack; of a rack's 72 devices jobs take 64.
    Machine("V100-32GB", "volta", 125 * _T, None, None, 32 * _GIB, 900 * _G, 8, 150 * _G, 12_500_000_000),
    Machine("V100-16GB", "volta", 125 * _T, None, None, 16 * _GIB, 900 * _G, 8, 150 * _G, 12_500_000_000),
    Machine("A100-80GB", "a100", 312 * _T, None, None, 80 * _GIB, 2039 * _G, 8, 300 * _G, 25 * _G),
    Machine("A100-40GB", "a100", 312 * _T, None, None, 40 * _GIB, 1555 * _G, 8, 300 * _G, 25 * _G),
    Machine("A800", "a100", 312 * _T, None, None, 80 * _GIB, 2039 * _G, 8, 200 * _G, 25 * _G),
    Machine("H100-96GB", "hopper", 989.5 * _T, 1979 * _T, None, 95830 * _MIB, 2400 * _G, 8, 450 * _G, 50 * _G),
    Machine("H100", "hopper", 989.5 * _T, 1979 * _T, None, 81559 * _MIB, 3350 * _G, 8, 450 * _G, 50 * _G),
    Machine("H800", "hopper", 989.5 * _T, 1979 * _T, None, 81559 * _MIB, 3350 * _G, 8, 200 * _G, 50 * _G),
    Machine("H200", "hopper", 989.5 * _T, 1979 * _T, None, 143771 * _MIB, 4800 * _G, 8, 450 * _G, 50 * _G),
    Machine("H20", "hopper", 148 * _T, 296 * _T, None, 96 * _GIB, 4000 * _G, 8, 450 * _G, 50 * _G),
    Machine("B200", "blackwell", 2250 * _T, 4500 * _T, 9000 * _T, 183359 * _MIB, 7700 * _G, 8, 900 * _G, 50 * _G),
    Machine("B300", "blackwell", 2250 * _T, 4500 * _T, 13500 * _T, 288 * _G, 7700 * _G, 8, 900 * _G, 100 * _G, True),
    Machine("GB200", "blackwell", 2500 * _T, 5000 * _T, 10000 * _T, 198 * _G, 8000 * _G, 64, 900 * _G, 50 * _G),
    Machine("GB300", "blackwell", 2500 * _T, 5000 * _T, 15000 * _T, 297 * _G, 8000 * _G, 64, 900 * _G, 100 * _G, True),
    Machine("MI300X", "mi300x", 1307.4 * _T, 2614.9 * _T, None, 192 * _GIB, 5300 * _G, 8, 448 * _G, 50 * _G),
    Machine("MI325X", "mi300x", 1307.4 * _T, 2614.9 * _T, None, 256 * _GIB, 6000 * _G, 8, 448 * _G, 50 * _G),
]


def find(accelerator):
    """The machine that the text names, whatever stands around it; of several memories, the first that it may mean."""
    plain = re.sub(r"NVIDIA|TESLA|AMD|INSTINCT|SXM\d?|HGX|DGX|NVL\d+|^\s*\d+ *[X×]|[^A-Z0-9]", "", accelerator.upper())
    if re.match("(A|H)[0-9]+.*PCIE", plain):
        return None  # slower at the same name: no figures here
    for name in (lambda m: m.name.replace("-", ""), lambda m: m.name.split("-")[0]):
        for machine in MACHINES:
            if plain.startswith(name(machine)):
                return machine
    return None
