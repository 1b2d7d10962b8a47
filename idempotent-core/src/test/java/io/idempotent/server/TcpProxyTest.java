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
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** {@link TcpProxy} in front of a server that answers each line with the same line. */
@OnOneJdk("it tests what the tests run on")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
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
    void everything_passes_through_and_is_counted() throws IOException {
        assertThat(client.ask("four")).isEqualTo("four");
        assertThat(client.ask("seven77")).isEqualTo("seven77");

        // A client can have read an answer before it is counted.
        Awaitility.await()
                .untilAsserted(() -> assertThat(proxy.traffic()).isEqualTo(new TcpProxy.Traffic(1, 2, 13, 2, 13, 2)));
    }

    @Test
    void the_end_of_the_client_is_told_to_the_server_and_the_other_way_round() throws IOException {
        client.socket.shutdownOutput();

        assertThat(client.reader.readLine()).isNull();
        Awaitility.await().untilAsserted(() -> assertThat(server.ended).containsExactly("end"));
    }

    @Test
    void a_cut_resets_the_connections_and_leaves_new_ones_alone() throws IOException {
        client.ask("first");

        proxy.cut();

        assertThatThrownBy(() -> client.ask("second")).isInstanceOf(SocketException.class);
        try (Client next = new Client(proxy)) {
            assertThat(next.ask("third")).isEqualTo("third");
        }
        assertThat(server.lines).containsExactly("first", "third");
    }

    @Test
    void a_half_close_ends_what_the_client_reads_and_not_what_it_writes() throws IOException {
        client.ask("first");

        proxy.halfClose();

        assertThat(client.reader.readLine()).isNull();
        client.say("second");
        Awaitility.await().untilAsserted(() -> assertThat(server.lines).containsExactly("first", "second"));
    }

    @Test
    void a_delay_holds_up_the_request_and_the_answer() throws IOException {
        client.ask("first");
        proxy.delay(Duration.ofMillis(150));
        long start = System.nanoTime();

        assertThat(client.ask("second")).isEqualTo("second");

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(300));
        proxy.passThrough();
        assertThat(client.ask("third")).isEqualTo("third");
    }

    @Test
    void a_black_hole_takes_everything_and_new_connections_and_says_nothing() throws IOException {
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
    void refused_connections_fail_at_once_and_open_ones_go_on() throws IOException {
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
    void the_answer_of_the_chosen_request_is_lost_after_the_server_has_made_it() throws IOException {
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
    void the_chosen_request_is_cut_before_the_server_gets_it() throws IOException {
        proxy.atRequest(2, Fault.CUT);
        client.ask("first");

        assertThatThrownBy(() -> client.ask("second")).isInstanceOf(SocketException.class);

        Awaitility.await().until(() -> server.ended.size() == 1);
        assertThat(server.lines).containsExactly("first");
    }

    @Test
    void the_chosen_request_is_forwarded_and_its_answer_replaced_by_the_end() throws IOException {
        proxy.atRequest(1, Fault.HALF_CLOSE);

        assertThat(client.ask("first")).isNull();

        Awaitility.await().untilAsserted(() -> assertThat(server.lines).containsExactly("first"));
    }

    @Test
    void the_chosen_request_vanishes_in_a_black_hole_and_other_connections_do_not() throws IOException {
        proxy.atRequest(1, Fault.BLACK_HOLE);
        client.socket.setSoTimeout(200);

        assertThatThrownBy(() -> client.ask("first")).isInstanceOf(SocketTimeoutException.class);

        try (Client next = new Client(proxy)) {
            assertThat(next.ask("second")).isEqualTo("second");
        }
        assertThat(server.lines).containsExactly("second");
    }

    @Test
    void a_late_request_is_forwarded_in_the_end_though_its_client_is_gone_and_other_connections_are_not_late()
            throws IOException {
        proxy.atRequest(1, Fault.LATE_REQUEST);
        assertThat(proxy.isArmed()).isTrue();
        client.say("first");
        client.close();
        try (Client next = new Client(proxy)) {
            assertThat(next.ask("second")).isEqualTo("second");
        }
        assertThat(server.lines).containsExactly("second");
        assertThat(proxy.isArmed()).isFalse();
        assertThat(proxy.isLate()).isTrue();

        proxy.passThrough();

        Awaitility.await().until(() -> !proxy.isLate());
        assertThat(server.lines).containsExactly("second", "first");
    }

    @Test
    void a_late_answer_is_held_up_after_the_server_has_made_it() throws IOException {
        proxy.atRequest(2, Fault.LATE_ANSWER);
        client.ask("first");

        client.say("second");
        Awaitility.await().until(() -> server.lines.size() == 2);
        assertThat(proxy.isLate()).isTrue();

        proxy.passThrough();

        assertThat(client.reader.readLine()).isEqualTo("second");
        assertThat(client.ask("third")).isEqualTo("third");
        assertThat(proxy.isLate()).isFalse();
    }

    @Test
    void a_late_answer_comes_by_itself_after_the_time_it_is_late_by() throws IOException {
        proxy.lateBy(Duration.ofMillis(150));
        proxy.atRequest(1, Fault.LATE_ANSWER);
        long start = System.nanoTime();

        assertThat(client.ask("first")).isEqualTo("first");

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(150));
        assertThat(client.ask("second")).isEqualTo("second");
        assertThat(proxy.isLate()).isFalse();
    }

    @Test
    void the_server_is_told_when_a_client_is_gone_that_it_has_not_answered_yet() throws IOException {
        proxy.atRequest(1, Fault.LATE_ANSWER);
        client.say("first");
        Awaitility.await().until(() -> server.lines.size() == 1);
        client.reset();

        Awaitility.await().until(() -> server.ended.size() == 1);
    }

    @Test
    void black_holes_are_cut_and_other_connections_are_not() throws IOException {
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
    void a_request_in_pieces_is_one_request() throws IOException {
        client.socket.getOutputStream().write("in ".getBytes(StandardCharsets.UTF_8));
        Awaitility.await().until(() -> proxy.traffic().chunksToServer() == 1);

        assertThat(client.ask("pieces")).isEqualTo("in pieces");

        assertThat(proxy.traffic().requests()).isEqualTo(1);
        assertThat(proxy.traffic().chunksToServer()).isEqualTo(2);
    }

    @Test
    void passing_through_disarms_a_fault_that_has_not_happened() throws IOException {
        proxy.atRequest(1, Fault.CUT);
        proxy.passThrough();

        assertThat(client.ask("first")).isEqualTo("first");
    }

    @Test
    void there_is_no_request_before_the_next() {
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
