"""Numbers made offline, written by hand, and typed."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from cases.case_number import is_implausible, is_right, made_at, make

NUMBERS = st.builds(make, st.integers(0, 999), st.integers(0, 9_999_999))


def test_the_numbers_of_the_forms_are_right() -> None:
    assert make(42, 996351) == "042-0996351-30"
    assert is_right("042-0701234-62")


@given(NUMBERS, st.integers(0, 13), st.integers(1, 9))
def test_a_wrong_digit_is_always_noticed(number: str, place: int, change: int) -> None:
    if number[place] == "-":
        return
    wrong = number[:place] + str((int(number[place]) + change) % 10) + number[place + 1 :]

    assert is_right(number)
    assert not is_right(wrong)


def test_what_has_not_the_shape_of_a_number_is_wrong() -> None:
    assert not any(map(is_right, ("", "042-0996351-3", "04209963513O", "042-0996351-30 ", "٠٤٢-0996351-30")))


def test_a_number_made_two_days_off_is_implausible() -> None:
    number = make(42, 531_960)

    assert not is_implausible(number, made_at(number) + timedelta(hours=47))
    assert is_implausible(number, made_at(number), made_at(number) - timedelta(hours=49))
