"""Ctrl-C while a command is starting."""

import subprocess
import sys


def test_ctrl_c_before_there_is_anything_to_save_ends_at_once():
    code = """if True:
        import os, signal
        from glidepath.cli.interrupts import ending_at_once
        with ending_at_once():
            try:
                os.kill(os.getpid(), signal.SIGINT)
            except KeyboardInterrupt:  # as JAX's callback does
                pass
            os._exit(0)
        """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "stopped\n")
