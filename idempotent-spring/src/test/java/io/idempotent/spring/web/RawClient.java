package io.idempotent.spring.web;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Map;
import java.util.TreeMap;

/**
 * A client that sends what no client library would. One connection, and a new one when that is over; used by one
 * thread.
 */
final class RawClient implements AutoCloseable {

    private final int port;
    private Socket socket;
    private InputStream in;
    private OutputStream out;

    RawClient(int port) throws IOException {
        this.port = port;
        connect();
    }

    private void connect() throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(30_000);
        in = new BufferedInputStream(socket.getInputStream());
        out = socket.getOutputStream();
    }

    /** Sends text, each character as one byte. */
    void send(String text) throws IOException {
        out.write(text.getBytes(ISO_8859_1));
        out.flush();
    }

    /** Reads some bytes of a response, of which no more is wanted. */
    void readSome(int count) throws IOException {
        in.readNBytes(count);
    }

    /** Reads a whole response. */
    HttpServer.Answer read() throws IOException {
        String[] status = line().split(" ", 3);
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.merge(
                    line.substring(0, colon), line.substring(colon + 1).strip(), (one, other) -> one + " | " + other);
        }
        String body = new String(body(headers), ISO_8859_1);
        if ("close".equals(headers.get("Connection"))) {
            socket.close();
            connect();
        }
        return new HttpServer.Answer(Integer.parseInt(status[1]), headers, body);
    }

    private byte[] body(Map<String, String> headers) throws IOException {
        if ("chunked".equals(headers.get("Transfer-Encoding"))) {
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            while (true) {
                int length = Integer.parseInt(line().strip(), 16);
                body.write(exactly(length));
                line();
                if (length == 0) {
                    return body.toByteArray();
                }
            }
        }
        return exactly(Integer.parseInt(headers.getOrDefault("Content-Length", "0")));
    }

    private byte[] exactly(int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("The response ended after " + bytes.length + " of " + length + " bytes");
        }
        return bytes;
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new EOFException("The connection was closed");
            }
            line.append((char) next);
        }
        return line.toString().stripTrailing();
    }

    /** Goes away in the middle of whatever was sent: the other side gets a reset. */
    void breakOff() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
        connect();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
