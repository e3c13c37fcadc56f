"""The mail server that stands in where none is configured."""

import os
import signal
import smtplib
import subprocess
import sys
from email.message import EmailMessage

from localservers.ports import free_port
from tests.embedded.conftest import ROOT


def test_mails_are_kept_as_files_before_the_sender_is_told_so(tmp_path):
    port = free_port()
    environment = {**os.environ, "SMTP_URL": f"smtp://127.0.0.1:{port}", "SWITCHBACK_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "config.embedded.mailsink"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as sink:
        try:
            assert "storing mail" in sink.stdout.readline()
            message = EmailMessage()
            message["Subject"], message["From"], message["To"] = "值班呼叫 INC-2026-0001", "a@localhost", "b@localhost"
            message.set_content("请确认。")
            with smtplib.SMTP("127.0.0.1", port) as client:
                client.send_message(message)
            [kept] = (tmp_path / "mail").glob("*.eml")
            assert "请确认" in __import__("email").message_from_bytes(kept.read_bytes()).get_payload(decode=True).decode()
            assert "b@localhost: 值班呼叫 INC-2026-0001" in sink.stdout.readline()
        finally:
            sink.send_signal(signal.SIGTERM)
        assert sink.wait(10) == 0
