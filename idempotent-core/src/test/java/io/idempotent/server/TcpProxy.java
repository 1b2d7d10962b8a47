package io.idempotent.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Stands between a client and a server, and breaks their connections as it is told to: at once, or at a request to
 * come. Any protocol in which the client asks and the server answers will do.
 *
 * <p>A <b>request</b> begins with the first bytes from the client since the server last said something. Requests are
 * counted over all connections, so that "the n-th" means something only while one connection is used at a time.
 *
 * <p>Safe for use by many threads. A fault is in force for every byte that arrives after its method has returned.
 */
public final class TcpProxy implements AutoCloseable {

    /** What happens to one connection. */
    public enum Fault {

        /** Reset, the request not forwarded: the server does not get it. */
        CUT,

        /** The request is forwarded; when the server answers, the connection is reset, the answer not forwarded. */
        LOSE_ANSWER,

        /** The client is told that the server says no more (FIN); what the client says is still forwarded. */
        HALF_CLOSE,

        /** Stays open; nothing is forwarded any more, in either direction. */
        BLACK_HOLE,

        /** Held up before the request is forwarded, which it is even if the client has given up meanwhile. */
        LATE_REQUEST,

        /** Held up before the answer is forwarded; the server has done by then what it was asked for. */
        LATE_ANSWER;

        /** Whether a client finds out by waiting only. */
        public boolean isSilent() {
            return this == BLACK_HOLE || this == LATE_REQUEST || this == LATE_ANSWER;
        }
    }

    /**
     * What has been forwarded since the proxy was made.
     *
     * @param connections how many were accepted
     * @param requests how many began, forwarded or not
     * @param bytesToServer forwarded to the server
     * @param chunksToServer in how many pieces; a piece is what one read gave
     * @param bytesToClient forwarded to the client
     * @param chunksToClient in how many pieces
     */
    public record Traffic(
            long connections,
            long requests,
            long bytesToServer,
            long chunksToServer,
            long bytesToClient,
            long chunksToClient) {}

    private record Armed(long request, Fault fault) {}

    private static final Duration UNTIL_TOLD = Duration.ofDays(1);

    private final InetSocketAddress server;
    private final int port;
    private final Set<Connection> open = ConcurrentHashMap.newKeySet();
    private final AtomicReference<@Nullable Armed> armed = new AtomicReference<>();
    private final Counter toServer = new Counter();
    private final Counter toClient = new Counter();
    private final AtomicLong connections = new AtomicLong();
    private final AtomicLong requests = new AtomicLong();
    private final Set<Armed> late = ConcurrentHashMap.newKeySet();
    private volatile CountDownLatch endOfLateness = new CountDownLatch(1);
    private volatile Duration lateness = UNTIL_TOLD;
    private volatile Duration delay = Duration.ZERO;
    private volatile boolean blackHole;
    private volatile ServerSocket listener;
    private volatile Thread acceptor;

    /**
     * Listens on a free port of this machine, and passes everything through.
     *
     * @param host the server's
     * @param port the server's
     */
    public TcpProxy(String host, int port) {
        this.server = new InetSocketAddress(host, port);
        this.listener = listen(0);
        this.port = listener.getLocalPort();
        this.acceptor = accept(listener);
    }

    /** Where the proxy listens. */
    public String host() {
        return InetAddress.getLoopbackAddress().getHostAddress();
    }

    /** Where the proxy listens; stays the same. */
    public int port() {
        return port;
    }

    /** Ends every fault that is not yet done, and holds nothing up any more; connections that are broken stay so. */
    public void passThrough() {
        armed.set(null);
        lateness = UNTIL_TOLD;
        endLateness();
        delay = Duration.ZERO;
        blackHole = false;
        if (listener.isClosed()) {
            listener = listen(port);
            acceptor = accept(listener);
        }
    }

    /** Resets all connections now. */
    public void cut() {
        open.forEach(Connection::cut);
    }

    /**
     * Resets the connections that are black holes, as an operating system does when nothing is acknowledged for long.
     */
    public void cutBlackHoles() {
        open.stream().filter(Connection::isBlackHole).forEach(Connection::cut);
    }

    /** Ends the direction to the client of all connections now. */
    public void halfClose() {
        open.forEach(Connection::halfClose);
    }

    /** Forwards nothing any more on all connections, those to come included; they stay open. */
    public void blackHole() {
        blackHole = true;
    }

    /** Holds everything up by that time, in both directions. */
    public void delay(Duration delay) {
        this.delay = delay;
    }

    /** Takes no new connections: a client that tries is refused. Those that are open go on. */
    public void refuseConnections() {
        closeQuietly(listener);
        try {
            // The system listens on as long as a thread is still inside accept.
            acceptor.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Breaks the connection of one request to come. Replaces what was said before and has not happened.
     *
     * @param number which request, counted from now: 1 is the next
     * @param fault what happens to it
     */
    public void atRequest(int number, Fault fault) {
        if (number < 1) {
            throw new IllegalArgumentException("The next request is number 1; there is no " + number);
        }
        armed.set(new Armed(requests.get() + number, fault));
    }

    /** Whether what {@link #atRequest} was told has not happened yet. */
    public boolean isArmed() {
        return armed.get() != null;
    }

    /**
     * For how long that is held up which is late. Unless said, and again after {@link #passThrough}, it is held up
     * until that is called.
     */
    public void lateBy(Duration lateness) {
        this.lateness = lateness;
    }

    /**
     * Whether the server has not yet answered a request that is late, or an answer that is late is not yet forwarded.
     */
    public boolean isLate() {
        return !late.isEmpty();
    }

    /** What has been forwarded up to now. */
    public Traffic traffic() {
        return new Traffic(
                connections.get(),
                requests.get(),
                toServer.bytes.get(),
                toServer.chunks.get(),
                toClient.bytes.get(),
                toClient.chunks.get());
    }

    /** Listens no more, and resets all connections. */
    @Override
    public void close() {
        closeQuietly(listener);
        cut();
        endLateness();
    }

    private void endLateness() {
        CountDownLatch end = endOfLateness;
        endOfLateness = new CountDownLatch(1);
        end.countDown();
    }

    private static ServerSocket listen(int port) {
        try {
            ServerSocket listener = new ServerSocket();
            listener.setReuseAddress(true);
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return listener;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private Thread accept(ServerSocket listener) {
        return start("accept", () -> {
            while (true) {
                Socket client = listener.accept();
                connections.incrementAndGet();
                try {
                    new Connection(client).start();
                } catch (IOException serverIsDown) {
                    reset(client);
                }
            }
        });
    }

    private Thread start(String name, Transfer transfer) {
        Thread thread = new Thread(
                () -> {
                    try {
                        transfer.run();
                    } catch (IOException closed) {
                        // Cut by a fault or closed by an end: there is nothing more to do for this thread.
                    }
                },
                "proxy-" + port + "-" + name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private static void reset(Socket socket) {
        try {
            // Without waiting for what is not yet sent: the other end gets RST and not FIN.
            socket.setSoLinger(true, 0);
        } catch (IOException alreadyClosed) {
            // Then there is nothing to reset.
        }
        closeQuietly(socket);
    }

    private static void closeQuietly(AutoCloseable closeable) {
        try {
            closeable.close();
        } catch (Exception failure) {
            // It is closed all the same.
        }
    }

    private interface Transfer {
        void run() throws IOException;
    }

    private static final class Counter {

        final AtomicLong bytes = new AtomicLong();
        final AtomicLong chunks = new AtomicLong();

        void count(int length) {
            bytes.addAndGet(length);
            chunks.incrementAndGet();
        }
    }

    /** A client's connection and the one to the server that belongs to it. */
    private final class Connection {

        private final Socket client;
        private final Socket upstream;
        private volatile boolean serverSpokeLast = true;
        private volatile @Nullable Fault fault;
        private volatile CountDownLatch released = endOfLateness;
        private volatile @Nullable Armed lateRequest;

        Connection(Socket client) throws IOException {
            this.client = client;
            this.upstream = new Socket();
            upstream.connect(server);
            client.setTcpNoDelay(true);
            upstream.setTcpNoDelay(true);
        }

        void start() {
            open.add(this);
            TcpProxy.this.start("to-server", () -> forward(this::forwardToServer));
            TcpProxy.this.start("to-client", () -> {
                forward(this::forwardToClient);
                endLateness(lateRequest);
            });
        }

        private void forward(Transfer transfer) {
            try {
                transfer.run();
            } catch (IOException broken) {
                // Whoever is left is told, as by the network: a server may hold locks for a client that is gone.
                cut();
            }
        }

        void cut() {
            open.remove(this);
            reset(client);
            reset(upstream);
        }

        void halfClose() {
            fault = Fault.HALF_CLOSE;
            try {
                client.shutdownOutput();
            } catch (IOException alreadyClosed) {
                // Then the client has been told.
            }
        }

        private void forwardToServer() throws IOException {
            InputStream from = client.getInputStream();
            OutputStream to = upstream.getOutputStream();
            byte[] buffer = new byte[65_536];
            int length;
            while ((length = from.read(buffer)) >= 0) {
                if (serverSpokeLast) {
                    serverSpokeLast = false;
                    beginRequest();
                }
                if (fault == Fault.CUT) {
                    cut();
                    return;
                }
                if (isBlackHole()) {
                    continue;
                }
                holdUp(Fault.LATE_REQUEST);
                toServer.count(length);
                to.write(buffer, 0, length);
            }
            if (isBlackHole()) {
                cut();
            } else {
                upstream.shutdownOutput();
            }
        }

        private void forwardToClient() throws IOException {
            InputStream from = upstream.getInputStream();
            OutputStream to = client.getOutputStream();
            byte[] buffer = new byte[65_536];
            int length;
            while ((length = from.read(buffer)) >= 0) {
                // Read now: the client's next request may begin, and be late, before the write below returns.
                Armed answered = lateRequest;
                serverSpokeLast = true;
                if (fault == Fault.LOSE_ANSWER) {
                    cut();
                    return;
                }
                if (fault == Fault.HALF_CLOSE || isBlackHole()) {
                    continue;
                }
                holdUp(Fault.LATE_ANSWER);
                try {
                    // Before, so that whoever has an answer finds it counted.
                    toClient.count(length);
                    to.write(buffer, 0, length);
                } finally {
                    endLateness(answered);
                }
            }
            if (fault == Fault.LOSE_ANSWER) {
                cut();
            } else if (!isBlackHole()) {
                client.shutdownOutput();
                if (upstream.isOutputShutdown()) {
                    // Both have said their last: only now is it safe to forget the connection.
                    open.remove(this);
                    closeQuietly(client);
                    closeQuietly(upstream);
                }
            }
        }

        private void beginRequest() {
            long number = requests.incrementAndGet();
            Armed next = armed.get();
            if (next != null && next.request() == number && armed.compareAndSet(next, null)) {
                fault = next.fault();
                if (fault == Fault.HALF_CLOSE) {
                    halfClose();
                } else if (fault == Fault.LATE_REQUEST || fault == Fault.LATE_ANSWER) {
                    released = endOfLateness;
                    lateRequest = next;
                    late.add(next);
                }
            }
        }

        private void endLateness(@Nullable Armed request) {
            if (request != null) {
                late.remove(request);
            }
        }

        private boolean isBlackHole() {
            return blackHole || fault == Fault.BLACK_HOLE;
        }

        private void holdUp(Fault lateOne) throws IOException {
            if (fault == lateOne) {
                fault = null;
                try {
                    var unused = released.await(lateness.toNanos(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException interrupted) {
                    throw new InterruptedIOException();
                }
            }
            long nanos = delay.toNanos();
            long end = System.nanoTime() + nanos;
            // Time itself is the fault here: there is nothing else to wait for.
            while (nanos > 0) {
                LockSupport.parkNanos(nanos);
                nanos = end - System.nanoTime();
            }
        }
    }
}
