"""A way to a server that cuts the connection at a COMMIT: after the server got it (the answer never comes), or before (the server
never gets it). Every so many COMMITs one is cut, by turns after and before."""
import socket
import threading

from server import free_port

PIECE = 65536


class Cutting:
    def __init__(self, port, commit, every, spared=0):
        """`port`: the server's; `commit`: the bytes by which its COMMIT is known; `spared`: so many first ones are left alone."""
        self.server_port, self.commit, self.every, self.spared = port, commit, every, spared
        self.port = free_port()
        self.commits = self.cut_after = self.cut_before = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.server_port))
            except OSError:
                return
            for work, one, other in ((self.forward, client, server), (self.back, server, client)):
                threading.Thread(target=work, args=(one, other), daemon=True).start()

    def turn(self):
        """What becomes of this COMMIT."""
        with self.lock:
            self.commits += 1
            if self.commits <= self.spared or self.commits % self.every:
                return "forward"
            if self.cut_after > self.cut_before:
                self.cut_before += 1
                return "before"
            self.cut_after += 1
            return "after"

    def forward(self, client, server):
        try:
            while piece := client.recv(PIECE):
                turn = self.turn() if self.commit in piece else "forward"
                if turn == "after":
                    client.shutdown(socket.SHUT_WR)  # the answer will not reach it
                if turn != "before":
                    server.sendall(piece)
                if turn != "forward":
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
