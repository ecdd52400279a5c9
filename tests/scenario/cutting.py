"""A way to a server that cuts the connection at a COMMIT: "after" the server got it (the answer never comes), or "before" (the server
never gets it). `cut(number)` is asked at each COMMIT that passes and says which of the two, or None.

    way = Cutting(server.port, kind.COMMIT, every(3))     # way.port is where the program is sent to
"""
import socket
import threading

PIECE = 65536


def every(apart, spared=0):
    """One in so many is cut, by turns after and before; so many first ones are left alone."""
    def cut(number):
        if number <= spared or number % apart:
            return None
        return "before" if number // apart % 2 else "after"
    return cut


class Cutting:
    def __init__(self, port, commit, cut=lambda number: None):
        """`port`: the server's; `commit`: the bytes by which its COMMIT is known."""
        self.server_port, self.commit = port, commit
        self.lock = threading.Lock()
        self.arm(cut)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def arm(self, cut):
        """From now on, counted anew."""
        with self.lock:
            self.cut, self.commits = cut, 0
            self.cuts = {"before": 0, "after": 0}

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.server_port))
            except OSError:  # the test is over
                return
            for link in (client, server):
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for work, one, other in ((self.forward, client, server), (self.back, server, client)):
                threading.Thread(target=work, args=(one, other), daemon=True).start()

    def turn(self):
        """What becomes of this COMMIT."""
        with self.lock:
            self.commits += 1
            where = self.cut(self.commits)
            if where:
                self.cuts[where] += 1
            return where

    def forward(self, client, server):
        try:
            while piece := client.recv(PIECE):
                where = self.turn() if self.commit in piece else None
                if where == "after":
                    client.shutdown(socket.SHUT_WR)  # the answer will not reach it
                if where != "before":
                    server.sendall(piece)
                if where:
                    break
        except OSError:
            pass
        self.end(client, server)

    @staticmethod
    def back(server, client):
        try:
            while piece := server.recv(PIECE):
                client.sendall(piece)
        except OSError:
            pass
        Cutting.end(server, client)

    @staticmethod
    def end(*links):
        for link in links:
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop(self):
        self.listener.close()
