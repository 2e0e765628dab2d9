"""Asks the prompter for Windows what the agent asks, answers by keyboard, and checks what is shown and what comes back.

Arguments: the folder with `cps-prompter.exe` and `look.exe`, and a folder for pictures or nothing. Started by `wine.sh`.
"""

import os
import signal
import subprocess
import sys
import time
from collections import namedtuple

RUN, PICTURES = sys.argv[1], sys.argv[2]
WAIT = 60
CANCELLED, NOT_CONFIRMED, TIMED_OUT, NO_TEXT = "83886179", "83886194", "83886142", "83886208"

FRENCH = [
    "SETTITLE Carte CPS",
    "SETDESC Connexion demandée par : Dossier patient.%0ASaisissez le code de la carte Anne MARTIN, n°\u00a012345678 (TEST)."
    "%0AIl reste 2 essais.",
    "SETOK Valider",
    "SETCANCEL Annuler",
    "SETTIMEOUT 120",
    "SETKEYINFO --clear",
    "SETPROMPT Code\u00a0:",
]
ENGLISH = [
    "SETTITLE CPS card",
    "SETDESC Login requested by: Patient record.%0AType the PIN of the card Anne MARTIN, no. 12345678 (TEST)."
    "%0A3 tries are left.",
    "SETOK OK",
    "SETCANCEL Cancel",
    "SETTIMEOUT 120",
    "SETPROMPT PIN:",
]
ERROR = "SETERROR Le code saisi n’est pas le bon."
LAST = [
    "SETTITLE Carte CPS",
    "SETDESC Il ne reste qu’un essai : un code faux bloque la carte.%0ACherchez votre code avant de continuer, ou annulez.%0A"
    "Demande de : Dossier patient, pour la carte Anne MARTIN, n°\u00a012345678 (TEST). Voulez-vous continuer\u00a0?",
    "SETOK Continuer",
    "SETCANCEL Annuler",
]
LONG = (
    "SETDESC Authentification demandée par le programme : logiciel-de-gestion-du-cabinet-médical "
    "(/opt/" + "un-dossier-sans-espace-" * 8 + "/bin/logiciel).%0ASaisissez le code de la carte "
    "Marie-Ange-Élisabeth DE LA TOUR D’AUVERGNE-LAURAGUAIS, n°\u00a012345678 (TEST).%0AIl reste 3 essais."
)

Control = namedtuple("Control", "kind focus enabled password default left top right bottom text")


class Prompt:
    """One process of the prompter, at the other end of its pipes."""

    def __init__(self, lines=(), question=None):
        self.process = subprocess.Popen(
            ["wine64", os.path.join(RUN, "cps-prompter.exe")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        expect(self.line() == "OK cps-prompter", "it greets")
        for line in lines:
            expect(self.ask(line) == "OK", f"it takes {line[:40]}")
        if question:
            self.send(question)

    def send(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def line(self):
        return self.process.stdout.readline().decode().rstrip("\n")

    def ask(self, line):
        self.send(line)
        return self.line()

    def ends(self):
        self.process.stdin.close()
        expect(self.process.wait(WAIT) == 0, "it ends well")


def expect(true, what):
    if not true:
        picture("failed")
        sys.exit(f"failed: {what}\nseen: {look()}")


def until(what, condition):
    """The first true answer of a condition."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.1)
    expect(False, what)


def look():
    """The window and its controls, or nothing."""
    seen = subprocess.run(["wine64", os.path.join(RUN, "look.exe")], capture_output=True, check=False)
    if seen.returncode != 0:
        return []
    controls = []
    for line in seen.stdout.decode().splitlines():
        kind, *numbers, text = line.rstrip("\r").split("\t")
        controls.append(Control(kind, *map(int, numbers), text))
    return controls


def shown():
    """Waits for the prompt to be in front and ready for the keyboard, and for keys to count."""
    seen = until("a prompt in front", lambda: (s := look()) and s[0].focus and any(c.focus for c in s[1:]) and s)
    time.sleep(1)
    return seen


def gone():
    until("an empty screen", lambda: not look())


def keys(*names):
    subprocess.run(["xdotool", "key", "--delay", "80", *names], check=True)


def types(text):
    subprocess.run(["xdotool", "type", "--delay", "120", text], check=True)


def picture(name):
    if PICTURES:
        os.makedirs(PICTURES, exist_ok=True)
        subprocess.run(["import", "-window", "root", os.path.join(PICTURES, name + ".png")], check=True)


def colours(place):
    """How often each colour stands in a part of the screen."""
    width, height = place.right - place.left, place.bottom - place.top
    crop = f"{width}x{height}+{place.left}+{place.top}"
    raw = subprocess.run(
        ["import", "-window", "root", "-crop", crop, "-depth", "8", "rgb:-"], capture_output=True, check=True
    ).stdout
    count = {}
    for pixel in zip(raw[::3], raw[1::3], raw[2::3]):
        count[pixel] = count.get(pixel, 0) + 1
    return count


def inside(seen):
    """Every control is in the window, the window on the screen, and nothing covers anything."""
    window, *controls = seen
    expect(window.left >= 0 and window.top >= 0 and window.right <= 1280 and window.bottom <= 800, "it is on the screen")
    for one in controls:
        expect(window.left < one.left and one.right < window.right, f"{one.text} is as wide as the window lets it be")
        expect(window.top < one.top and one.bottom < window.bottom, f"{one.text} is as high as the window lets it be")
        for other in controls:
            apart = (
                one is other
                or one.right <= other.left
                or other.right <= one.left
                or one.bottom <= other.top
                or other.bottom <= one.top
            )
            expect(apart, f"{one.text} does not cover {other.text}")


def case(test):
    print(f"  {test.__doc__}", flush=True)
    test()


def a_wrong_code():
    """a field with its label before it, an error in red, no yes before something is typed"""
    prompt = Prompt(FRENCH + [ERROR], "GETPIN")
    seen = shown()
    inside(seen)
    window, text, error, label, field, ok, cancel = seen
    expect(window.text == "Carte CPS", "the title")
    expect(text.text.split("|")[2] == "Il reste 2 essais." and "Dossier patient" in text.text, "the text")
    expect(error.text == "Le code saisi n’est pas le bon." and label.text == "Code\u00a0:", "error and label")
    expect([c.kind.lower() for c in seen[1:]] == ["static"] * 3 + ["edit"] + ["button"] * 2, "the order")
    expect(field.focus and field.password, "a password field has the keyboard")
    expect((ok.text, cancel.text) == ("Valider", "Annuler"), "the buttons")
    expect(not ok.enabled and cancel.enabled, "nothing typed is no answer")
    red = [c for c in colours(error) if c[0] > 90 and c[1] < 60 and c[2] < 60]
    expect(red and not [c for c in colours(text) if c[0] > 90 and c[1] < 60 and c[2] < 60], "the error alone is red")
    keys("Return")
    expect(look()[0].focus, "Enter alone does nothing")
    types("12%34é")
    until("a yes", lambda: look()[5].enabled)
    picture("wrong-code-fr")
    keys("Return")
    said = prompt.line()
    expect(said == "D 12%2534é" and prompt.line() == "OK", f"what was typed comes back: {said}")
    gone()
    prompt.ends()


def a_first_code():
    """in English, without an error; every letter of a French keyboard; Escape gives up"""
    prompt = Prompt(ENGLISH, "GETPIN")
    seen = shown()
    inside(seen)
    expect(len(seen) == 6 and seen[4].text == "OK" and seen[5].text == "Cancel", "no error, English buttons")
    picture("first-code-en")
    types("AZ12éèçàù§£µ€")
    keys("Return")
    said = prompt.line()
    expect(said == "D AZ12éèçàù§£µ€" and prompt.line() == "OK", f"every letter comes back: {said}")
    gone()
    prompt.send("GETPIN")
    shown()
    types("1234")
    keys("Escape")
    expect(prompt.line().startswith(f"ERR {CANCELLED} "), "Escape is a no")
    gone()
    prompt.ends()


def the_last_try():
    """the last try: Enter alone is a no, Tab and Space are a yes"""
    prompt = Prompt(LAST, "CONFIRM")
    seen = shown()
    inside(seen)
    window, text, ok, cancel = seen
    expect((ok.text, cancel.text, text.kind.lower()) == ("Continuer", "Annuler", "static"), "text and buttons")
    expect(cancel.focus and cancel.default and not ok.default, "the keyboard is at the no")
    picture("last-try-fr")
    keys("Return")
    expect(prompt.line().startswith(f"ERR {NOT_CONFIRMED} "), "Enter is a no")
    gone()
    prompt.send("CONFIRM")
    shown()
    keys("Tab", "space")
    expect(prompt.line() == "OK", "Tab and Space are a yes")
    gone()
    prompt.send("MESSAGE")
    seen = shown()
    expect(len(seen) == 3 and seen[2].text == "Continuer" and seen[2].focus, "a notice has one button")
    inside(seen)
    keys("Escape")
    expect(prompt.line() == "OK", "a notice that was closed was read")
    gone()
    prompt.ends()


def a_long_text():
    """a long text is wrapped, also where it has no spaces"""
    prompt = Prompt(FRENCH + [ERROR], None)
    expect(prompt.ask(LONG) == "OK", "a long text is taken")
    prompt.send("GETPIN")
    seen = shown()
    inside(seen)
    text = seen[1]
    expect(text.bottom - text.top > 5 * 12, "it has several lines")
    picture("long-text-fr")
    keys("Tab")
    until("the keyboard at the no, over a yes that cannot be given yet", lambda: look()[6].focus)
    keys("Return")
    expect(prompt.line().startswith(f"ERR {CANCELLED} "), "a no")
    gone()
    expect(prompt.ask("SETDESC " + "%0A".join(["x"] * 240)) == "OK", "a high text is taken")
    prompt.send("GETPIN")
    seen = shown()
    inside(seen)
    expect(seen[1].bottom - seen[1].top > 300, "it takes the room that there is")
    keys("Escape")
    expect(prompt.line().startswith(f"ERR {CANCELLED} "), "a no")
    gone()
    prompt.ends()


def no_answer():
    """a question that nobody answers ends by itself, and the next one is asked"""
    prompt = Prompt(FRENCH + ["SETTIMEOUT 3"], "GETPIN")
    until("a prompt", look)
    expect(prompt.line().startswith(f"ERR {TIMED_OUT} "), "it says that nobody answered")
    gone()
    expect(prompt.ask("SETDESC").startswith("OK") and prompt.ask("GETPIN").startswith(f"ERR {NO_TEXT} "), "no text")
    prompt.ends()


def withdrawn():
    """a question goes away when whoever asked closes its pipe, or is killed"""
    prompt = Prompt(FRENCH, "GETPIN")
    shown()
    types("12")
    prompt.process.stdin.close()
    expect(prompt.process.stdout.read() == b"", "nothing is said")
    expect(prompt.process.wait(WAIT) == 0, "it ends well")
    gone()
    script = "import subprocess, sys, time\n" \
        "p = subprocess.Popen(['wine64', sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n" \
        "p.stdin.write(sys.argv[2].encode()); p.stdin.flush(); time.sleep(1000)\n"
    lines = "\n".join(FRENCH + ["GETPIN", ""])
    parent = subprocess.Popen([sys.executable, "-c", script, os.path.join(RUN, "cps-prompter.exe"), lines])
    shown()
    parent.send_signal(signal.SIGKILL)
    parent.wait(WAIT)
    gone()


def sharp_letters():
    """on a screen of 144 pixels in an inch everything is half as large again"""
    prompt = Prompt(FRENCH + [ERROR], "GETPIN")
    seen = shown()
    inside(seen)
    field = seen[4]
    expect(field.right - field.left == 600, "the field has grown with the screen")
    picture("large-fr")
    keys("Escape")
    expect(prompt.line().startswith(f"ERR {CANCELLED} "), "a no")
    gone()
    prompt.ends()


def own_colours():
    """the person's own colours, light on dark: the error has them too"""
    prompt = Prompt(FRENCH + [ERROR], "GETPIN")
    seen = shown()
    inside(seen)
    for text in seen[1:4]:
        count = colours(text)
        expect(max(count, key=count.get) == (0, 0, 0), f"{text.text} stands on the person's ground")
        expect(any(min(c[:2]) > 200 for c in count), f"{text.text} has the person's letters")
    picture("own-colours-fr")
    keys("Escape")
    expect(prompt.line().startswith(f"ERR {CANCELLED} "), "a no")
    gone()
    prompt.ends()


def setting(key, name, kind, value):
    subprocess.run(
        ["wine64", "reg", "add", key, "/v", name, "/t", kind, "/d", value, "/f"], capture_output=True, check=True
    )


def again():
    """Settings are read when Wine starts."""
    subprocess.run(["wineserver", "-k"], check=False)
    subprocess.run(["wineserver", "-w"], check=False)


def main():
    size = os.path.getsize(os.path.join(RUN, "cps-prompter.exe"))
    print(f"cps-prompter.exe: {size} bytes", flush=True)
    expect(size < 1_000_000, "it is small")
    # Windows of Wine are framed by Wine, not by whatever manages windows here.
    setting(r"HKCU\Software\Wine\Explorer", "Desktop", "REG_SZ", "Default")
    setting(r"HKCU\Software\Wine\Explorer\Desktops", "Default", "REG_SZ", "1280x800")
    again()
    for test in [a_wrong_code, a_first_code, the_last_try, a_long_text, no_answer, withdrawn]:
        case(test)
    setting(r"HKCU\Control Panel\Desktop", "LogPixels", "REG_DWORD", "144")
    again()
    case(sharp_letters)
    setting(r"HKCU\Control Panel\Desktop", "LogPixels", "REG_DWORD", "96")
    for name, colour in [("Window", "0 0 0"), ("WindowText", "255 255 0"), ("ButtonFace", "0 0 0"), ("ButtonText", "255 255 0")]:
        setting(r"HKCU\Control Panel\Colors", name, "REG_SZ", colour)
    setting(r"HKCU\Software\Microsoft\Windows\CurrentVersion\ThemeManager", "ThemeActive", "REG_SZ", "0")
    again()
    case(own_colours)
    print("all as it should be")


main()
