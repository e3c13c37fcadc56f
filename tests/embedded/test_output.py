"""The combined output."""

import io

from config.embedded.masking import Mask
from config.embedded.output import Output
from config.embedded.process import BackOff


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class ClosedWindow(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_lines_of_all_parts_stand_under_each_other():
    screen = io.StringIO()
    output = Output(["web", "watchdog"], Mask(), screen)
    output.line("web", "serving")
    output.line("watchdog", "all well")
    assert [line[9:] for line in screen.getvalue().splitlines()] == ["web      | serving", "watchdog | all well"]


def test_colour_only_on_a_terminal_and_never_against_the_persons_wish(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    screens = Terminal(), io.StringIO()
    for screen in screens:
        Output(["web"], Mask(), screen).line("web", "serving")
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    Output(["web"], Mask(), plain).line("web", "serving")
    assert ["\x1b[" in screen.getvalue() for screen in (*screens, plain)] == [True, False, False]


def test_the_log_file_keeps_every_line_but_not_what_is_for_the_person_alone(tmp_path):
    screen = io.StringIO()
    output = Output(["web"], Mask(["s3cr3t-w0rd"]), screen)
    output.log_to(tmp_path / "log" / "switchback.log")
    output.line("web", "the word is s3cr3t-w0rd")
    output.plain("log in as ops with s3cr3t-w0rd")
    output.close()
    kept = (tmp_path / "log" / "switchback.log").read_text()
    assert kept.endswith("web | the word is ***\n")
    assert "log in as ops with s3cr3t-w0rd" in screen.getvalue()
    assert (tmp_path / "log" / "switchback.log").stat().st_mode & 0o077 == 0


def test_a_closed_window_does_not_stop_the_console(tmp_path):
    output = Output(["web"], Mask(), ClosedWindow())
    output.log_to(tmp_path / "switchback.log")
    output.line("web", "first")
    output.line("web", "second")
    output.close()
    assert len((tmp_path / "switchback.log").read_text().splitlines()) == 2


def test_the_log_file_turns_over(tmp_path, monkeypatch):
    monkeypatch.setattr("config.embedded.output._LOG_LIMIT_BYTES", 2000)
    output = Output(["web"], Mask(), io.StringIO())
    output.log_to(tmp_path / "switchback.log")
    for number in range(300):
        output.line("web", f"line {number} of many")
    output.close()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["switchback.log", "switchback.log.1", "switchback.log.2", "switchback.log.3"]
    assert all(path.stat().st_size < 2200 for path in tmp_path.iterdir())


def test_pauses_double_up_to_ten_seconds_and_begin_anew_after_steady_running():
    back_off = BackOff()
    assert [back_off.next_pause(1) for _ in range(7)] == [0.5, 1, 2, 4, 8, 10, 10]
    assert back_off.next_pause(31) == 0.5
    assert back_off.next_pause(1) == 1
