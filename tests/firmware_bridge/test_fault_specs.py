"""Faults as they are written on the command line."""

import pytest

from firmware_bridge.fault_specs import FaultPlan, FaultSpecError, plan_of
from firmware_bridge.sensor_faults import FaultKind, SensorFaultEvent
from firmware_bridge.wire_faults import Stall, WireDamage


def test_every_fault_by_its_name() -> None:
    plan = plan_of(
        ["loss=0.001", "corrupt=1e-4", "truncate=0.01", "duplicate=0.02", "reorder=0.03", "stall=2@10", "stall=1@20",
         "baud=9600", "version=2", "clock=-0.04", "jitter=0.02", "overflow@10", "overflow@11+0.3", "nack=3@10",
         "stuck@10+0.5", "brownout@12", "brownout@13+0.2", "reset@15", "saturated@5+2", "finger-off@5+3", "swapped"]
    )  # fmt: skip
    assert plan == FaultPlan(
        (
            SensorFaultEvent(FaultKind.OVERFLOW, 10.0, 0.4),
            SensorFaultEvent(FaultKind.OVERFLOW, 11.0, 0.3),
            SensorFaultEvent(FaultKind.NACK, 10.0, 0.0, 3.0),
            SensorFaultEvent(FaultKind.STUCK_BUS, 10.0, 0.5),
            SensorFaultEvent(FaultKind.BROWN_OUT, 12.0),
            SensorFaultEvent(FaultKind.BROWN_OUT, 13.0, 0.2),
            SensorFaultEvent(FaultKind.RESET, 15.0),
            SensorFaultEvent(FaultKind.SATURATED, 5.0, 2.0),
            SensorFaultEvent(FaultKind.FINGER_OFF, 5.0, 3.0),
        ),
        WireDamage(0.001, 1e-4, 0.01, 0.02, 0.03, (Stall(10.0, 2.0), Stall(20.0, 1.0)), 9600, 2),
        -0.04,
        0.02,
        True,
    )
    assert plan_of([]) == FaultPlan()


def test_every_kind_of_sensor_fault_can_be_written() -> None:
    for kind in FaultKind:
        written = f"{kind}{'=1' if kind is FaultKind.NACK else ''}@3"
        lasting = f"{written}+1"
        for spec in (written, lasting):
            try:
                (event,) = plan_of([spec]).sensor
            except FaultSpecError:
                continue
            assert event.kind is kind
            break
        else:
            pytest.fail(f"{kind} cannot be written")


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("", "no fault ''; there are loss, corrupt,"),
        ("lose=0.1", "no fault 'lose'; there are loss, corrupt,"),
        ("=3@4", "no fault '=3@4'; there are"),
        ("loss", "loss: loss is written loss=VALUE"),
        ("loss=0.1@3", "loss=0.1@3: loss is written loss=VALUE"),
        ("loss=1.5", "loss=1.5: the value of loss should be 0 to 1, not 1.5"),
        ("loss=much", "loss=much: 'much' is no number"),
        ("loss=nan", "loss=nan: 'nan' is no number"),
        ("nack=0@1", "nack=0@1: the value of nack should be a whole number from 1, not 0"),
        ("baud=9600.5", "the value of baud should be a whole number from 50 to 4000000"),
        ("version=16", "the value of version should be a whole number from 0 to 15"),
        ("clock=0.05", "the value of clock should be within 0.04 of 0, not 0.05"),
        ("jitter=1", "the value of jitter should be 0 to 0.02 s, not 1"),
        ("stall=0@3", "the value of stall should be seconds above 0"),
        ("reset@", "reset@: '' is no number"),
        ("reset@-1", "reset@-1: times should be seconds from 0"),
        ("stuck@3", "stuck@3: stuck is written stuck@SECONDS+DURATION"),
        ("overflow", "overflow: overflow is written overflow@SECONDS[+DURATION]"),
        ("swapped=1", "swapped=1: swapped is written swapped"),
        ("saturated@1+-2", "times should be seconds from 0"),
    ],
)
def test_a_wrong_fault_is_told_in_one_line(spec: str, text: str) -> None:
    with pytest.raises(FaultSpecError) as caught:
        plan_of(["swapped", spec])
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
