package io.idempotent.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.idempotent.OnOneJdk;
import io.idempotent.server.TcpProxy.Fault;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** {@link TcpProxy} in front of a server that answers each line with the same line. */
@OnOneJdk("it tests what the tests run on")
class TcpProxyTest {

    private final EchoServer server = new EchoServer();
    private final TcpProxy proxy = new TcpProxy("localhost", server.port());
    private final Client client = new Client(proxy);

    @AfterEach
    void close() throws IOException {
        client.close();
        proxy.close();
        server.close();
    }

    @Test
    void everythingPassesThroughAndIsCounted() throws IOException {
        assertThat(client.ask("four")).isEqualTo("four");
        assertThat(client.ask("seven77")).isEqualTo("seven77");

        // A client can have read an answer before it is counted.
        Awaitility.await()
                .untilAsserted(() -> assertThat(proxy.traffic()).isEqualTo(new TcpProxy.Traffic(1, 2, 13, 2, 13, 2)));
    }

    @Test
    void theEndOfTheClientIsToldToTheServerAndTheOtherWayRound() throws IOException {
        client.socket.shutdownOutput();

        assertThat(client.reader.readLine()).isNull();
        Awaitility.await().untilAsserted(() -> assertThat(server.ended).containsExactly("end"));
    }

    @Test
    void aCutResetsTheConnectionsAndLeavesNewOnesAlone() throws IOException {
        client.ask("first");

        proxy.cut();

        assertThatThrownBy(() -> client.ask("second")).isInstanceOf(SocketException.class);
        try (Client next = new Client(proxy)) {
            assertThat(next.ask("third")).isEqualTo("third");
        }
        assertThat(server.lines).containsExactly("first", "third");
    }

    @Test
    void aHalfCloseEndsWhatTheClientReadsAndNotWhatItWrites() throws IOException {
        client.ask("first");

        proxy.halfClose();

        assertThat(client.reader.readLine()).isNull();
        client.say("second");
        Awaitility.await().untilAsserted(() -> assertThat(server.lines).containsExactly("first", "second"));
    }

    @Test
    void aDelayHoldsUpTheRequestAndTheAnswer() throws IOException {
        client.ask("first");
        proxy.delay(Duration.ofMillis(150));
        long start = System.nanoTime();

        assertThat(client.ask("second")).isEqualTo("second");

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(300));
        proxy.passThrough();
        assertThat(client.ask("third")).isEqualTo("third");
    }

    @Test
    void aBlackHoleTakesEverythingAndNewConnectionsAndSaysNothing() throws IOException {
        client.ask("first");
        proxy.blackHole();
        client.socket.setSoTimeout(200);

        assertThatThrownBy(() -> client.ask("second")).isInstanceOf(SocketTimeoutException.class);
        try (Client next = new Client(proxy)) {
            next.socket.setSoTimeout(200);
            assertThatThrownBy(() -> next.ask("third")).isInstanceOf(SocketTimeoutException.class);
        }

        assertThat(server.lines).containsExactly("first");
    }

    @Test
    void refusedConnectionsFailAtOnceAndOpenOnesGoOn() throws IOException {
        client.ask("first");

        proxy.refuseConnections();

        assertThatThrownBy(() -> new Client(proxy)).hasRootCauseInstanceOf(ConnectException.class);
        assertThat(client.ask("second")).isEqualTo("second");
        proxy.passThrough();
        try (Client next = new Client(proxy)) {
            assertThat(next.ask("third")).isEqualTo("third");
        }
    }

    @Test
    void theAnswerOfTheChosenRequestIsLostAfterTheServerHasMadeIt() throws IOException {
        client.ask("first");
        proxy.atRequest(2, Fault.LOSE_ANSWER);
        assertThat(client.ask("second")).isEqualTo("second");

        assertThatThrownBy(() -> client.ask("third")).isInstanceOf(SocketException.class);

        assertThat(server.lines).containsExactly("first", "second", "third");
        Awaitility.await().untilAsserted(() -> {
            assertThat(proxy.traffic().requests()).isEqualTo(3);
            assertThat(proxy.traffic().chunksToClient()).isEqualTo(2);
        });
    }

    @Test
    void theChosenRequestIsCutBeforeTheServerGetsIt() throws IOException {
        proxy.atRequest(2, Fault.CUT);
        client.ask("first");

        assertThatThrownBy(() -> client.ask("second")).isInstanceOf(SocketException.class);

        Awaitility.await().until(() -> server.ended.size() == 1);
        assertThat(server.lines).containsExactly("first");
    }

    @Test
    void theChosenRequestIsForwardedAndItsAnswerReplacedByTheEnd() throws IOException {
        proxy.atRequest(1, Fault.HALF_CLOSE);

        assertThat(client.ask("first")).isNull();

        Awaitility.await().untilAsserted(() -> assertThat(server.lines).containsExactly("first"));
    }

    @Test
    void theChosenRequestVanishesInABlackHoleAndOtherConnectionsDoNot() throws IOException {
        proxy.atRequest(1, Fault.BLACK_HOLE);
        client.socket.setSoTimeout(200);

        assertThatThrownBy(() -> client.ask("first")).isInstanceOf(SocketTimeoutException.class);

        try (Client next = new Client(proxy)) {
            assertThat(next.ask("second")).isEqualTo("second");
        }
        assertThat(server.lines).containsExactly("second");
    }

    @Test
    void aLateRequestIsForwardedInTheEndThoughItsClientIsGoneAndOtherConnectionsAreNotLate() throws IOException {
        proxy.atRequest(1, Fault.LATE_REQUEST);
        assertThat(proxy.isArmed()).isTrue();
        client.say("first");
        client.close();
        try (Client next = new Client(proxy)) {
            assertThat(next.ask("second")).isEqualTo("second");
        }
        assertThat(server.lines).containsExactly("second");
        Awaitility.await().until(() -> !proxy.isArmed());
        Awaitility.await().until(proxy::isLate);

        proxy.passThrough();

        Awaitility.await().until(() -> !proxy.isLate());
        assertThat(server.lines).containsExactly("second", "first");
    }

    @Test
    void aLateAnswerIsHeldUpAfterTheServerHasMadeIt() throws IOException {
        proxy.atRequest(2, Fault.LATE_ANSWER);
        client.ask("first");

        client.say("second");
        Awaitility.await().until(() -> server.lines.size() == 2);
        Awaitility.await().until(proxy::isLate);

        proxy.passThrough();

        assertThat(client.reader.readLine()).isEqualTo("second");
        assertThat(client.ask("third")).isEqualTo("third");
        Awaitility.await().until(() -> !proxy.isLate());
    }

    @Test
    void aLateAnswerComesByItselfAfterTheTimeItIsLateBy() throws IOException {
        proxy.lateBy(Duration.ofMillis(150));
        proxy.atRequest(1, Fault.LATE_ANSWER);
        long start = System.nanoTime();

        assertThat(client.ask("first")).isEqualTo("first");

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(150));
        assertThat(client.ask("second")).isEqualTo("second");
        Awaitility.await().until(() -> !proxy.isLate());
    }

    @Test
    void theServerIsToldWhenAClientIsGoneThatItHasNotAnsweredYet() throws IOException {
        proxy.atRequest(1, Fault.LATE_ANSWER);
        client.say("first");
        Awaitility.await().until(() -> server.lines.size() == 1);
        client.reset();

        Awaitility.await().until(() -> server.ended.size() == 1);
    }

    @Test
    void blackHolesAreCutAndOtherConnectionsAreNot() throws IOException {
        proxy.atRequest(1, Fault.BLACK_HOLE);
        client.say("first");
        Awaitility.await().until(() -> proxy.traffic().requests() == 1);
        try (Client next = new Client(proxy)) {
            assertThat(next.ask("second")).isEqualTo("second");

            proxy.cutBlackHoles();

            assertThatThrownBy(() -> client.reader.readLine()).isInstanceOf(SocketException.class);
            assertThat(next.ask("third")).isEqualTo("third");
        }
    }

    @Test
    void aRequestInPiecesIsOneRequest() throws IOException {
        client.socket.getOutputStream().write("in ".getBytes(StandardCharsets.UTF_8));
        Awaitility.await().until(() -> proxy.traffic().chunksToServer() == 1);

        assertThat(client.ask("pieces")).isEqualTo("in pieces");

        assertThat(proxy.traffic().requests()).isEqualTo(1);
        assertThat(proxy.traffic().chunksToServer()).isEqualTo(2);
    }

    @Test
    void passingThroughDisarmsAFaultThatHasNotHappened() throws IOException {
        proxy.atRequest(1, Fault.CUT);
        proxy.passThrough();

        assertThat(client.ask("first")).isEqualTo("first");
    }

    @Test
    void thereIsNoRequestBeforeTheNext() {
        assertThatIllegalArgumentException().isThrownBy(() -> proxy.atRequest(0, Fault.CUT));
    }

    /** Answers each line with the same line. */
    private static final class EchoServer {

        final List<String> lines = new CopyOnWriteArrayList<>();
        final List<String> ended = new CopyOnWriteArrayList<>();
        private final ServerSocket listener;

        EchoServer() {
            try {
                listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
            start(() -> {
                while (true) {
                    Socket socket = listener.accept();
                    start(() -> echo(socket));
                }
            });
        }

        int port() {
            return listener.getLocalPort();
        }

        void close() throws IOException {
            listener.close();
        }

        private void echo(Socket socket) {
            try (socket) {
                BufferedReader reader =
                        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
                String line;
                while ((line = reader.readLine()) != null) {
                    lines.add(line);
                    socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
                }
                ended.add("end");
            } catch (IOException reset) {
                ended.add("reset");
            }
        }

        private static void start(Loop loop) {
            Thread thread = new Thread(
                    () -> {
                        try {
                            loop.run();
                        } catch (IOException closed) {
                            // The test is over.
                        }
                    },
                    "echo");
            thread.setDaemon(true);
            thread.start();
        }

        private interface Loop {
            void run() throws IOException;
        }
    }

    /** Asks line by line. */
    private static final class Client implements AutoCloseable {

        final Socket socket;
        final BufferedReader reader;

        Client(TcpProxy proxy) {
            try {
                socket = new Socket(proxy.host(), proxy.port());
                socket.setSoTimeout(10_000);
                reader = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }

        void say(String line) throws IOException {
            socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
        }

        String ask(String line) throws IOException {
            say(line);
            return reader.readLine();
        }

        void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
