"""Finds what would prevent calls, and measures a carrier's habits by one call.

finding         the result of a check; secrets
settings        the subject of the checks
examination     runs all checks
checks/         the checks
network/        connections with deadlines
readings/       what one call shows of a carrier
"""

from typing import TYPE_CHECKING

from rtpcodec.lazy import public_names

if TYPE_CHECKING:
    from rtpcodec.doctor.examination import examine as examine
    from rtpcodec.doctor.finding import Finding as Finding
    from rtpcodec.doctor.readings.simulated import simulated_call as simulated_call
    from rtpcodec.doctor.settings import DoctorSettings as DoctorSettings

__all__ = ["DoctorSettings", "Finding", "examine", "simulated_call"]

__getattr__ = public_names(
    __name__,
    (),
    {
        "DoctorSettings": "settings",
        "Finding": "finding",
        "examine": "examination",
        "simulated_call": "readings.simulated",
    },
)
