"""A program that loads the PKCS#11 module, by ctypes alone: what only a process of its own can show.

Takes the module's path and the name of a scene, and prints what the calls returned as one line of JSON.
"""

import ctypes
import json
import os
import signal
import sys
import threading


class FunctionList(ctypes.Structure):
    """The table up to C_WaitForSlotEvent, each entry a bare address (PKCS#11 v2.40, section 3.6)."""

    _fields_ = [("version", ctypes.c_ubyte * 2), ("functions", ctypes.c_void_p * 68)]


PLACES = {"C_Initialize": 0, "C_Finalize": 1, "C_GetSlotList": 4, "C_WaitForSlotEvent": 67}
ulong = ctypes.c_ulong


class Module:
    """The functions of the table that the scenes call."""

    def __init__(self, path):
        library = ctypes.CDLL(path)
        table = ctypes.POINTER(FunctionList)()
        assert library.C_GetFunctionList(ctypes.byref(table)) == 0
        self.functions = table.contents.functions

    def call(self, name, *arguments):
        """Calls a function with pointers and numbers."""
        kinds = [ctypes.c_void_p if a is None or not isinstance(a, ulong) else ulong for a in arguments]
        function = ctypes.CFUNCTYPE(ulong, *kinds)(self.functions[PLACES[name]])
        return function(*arguments)

    def initialize(self):
        """C_Initialize."""
        return self.call("C_Initialize", None)

    def finalize(self):
        """C_Finalize."""
        return self.call("C_Finalize", None)

    def slots(self, with_token=0):
        """C_GetSlotList for its length: the returned value, and the number of slots."""
        count = ulong(0)
        function = ctypes.CFUNCTYPE(ulong, ctypes.c_ubyte, ctypes.c_void_p, ctypes.c_void_p)
        value = function(self.functions[PLACES["C_GetSlotList"]])(with_token, None, ctypes.addressof(count))
        return [value, count.value]

    def wait(self):
        """C_WaitForSlotEvent, blocking."""
        slot = ulong(0)
        return self.call("C_WaitForSlotEvent", ulong(0), ctypes.addressof(slot), None)


def in_child(work):
    """What a child of a fork says."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, json.dumps(work()).encode())
        os._exit(0)
    os.close(writing)
    said = os.read(reading, 65536)
    os.waitpid(child, 0)
    return json.loads(said)


def fork(module):
    """A child begins anew, also while a thread of its parent is inside the module, and the parent goes on."""

    def child():
        return [module.slots()[0], module.finalize(), module.initialize(), module.slots(), module.finalize()]

    begun = module.initialize()
    waiting = threading.Thread(target=module.wait)
    waiting.start()
    said = in_child(child)
    grandchild = in_child(lambda: [module.initialize(), in_child(child)])
    still = module.slots()
    ended = module.finalize()
    waiting.join()
    return {"begun": begun, "child": said, "grandchild": grandchild, "parent": still, "ended": ended}


def belongings(module):
    """Descriptors and threads of the process, before and between calls."""

    def now():
        threads = len(os.listdir("/proc/self/task"))
        return [sorted(os.listdir("/proc/self/fd")), threads]

    before = now()
    module.initialize()
    module.slots()
    between = now()
    module.finalize()
    return {"before": before, "between": between, "after": now()}


def closed(module):
    """A program that closes every descriptor it does not know, as daemons do."""
    module.initialize()
    os.closerange(3, 1024)
    return module.slots()


def default_signals(module):
    """A program that dies of SIGPIPE, as most do unless they ask not to."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    module.initialize()
    return [module.slots() for _ in range(50)]


def watch(module):
    """Says after each slot event how many tokens there are, until nobody listens."""
    module.initialize()
    while True:
        print(json.dumps(module.slots(1)), flush=True)
        module.wait()


def quiet(module):
    """Begins and ends."""
    return [module.initialize(), module.slots(), module.finalize()]


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[2]](Module(sys.argv[1]))))
