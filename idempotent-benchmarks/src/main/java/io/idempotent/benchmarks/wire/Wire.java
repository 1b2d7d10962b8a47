package io.idempotent.benchmarks.wire;

import io.idempotent.server.TcpProxy;
import java.net.InetSocketAddress;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The way to a server, on which all is counted. Used by one thread. */
final class Wire implements UnaryOperator<InetSocketAddress>, AutoCloseable {

    private @Nullable TcpProxy proxy;

    @Override
    public InetSocketAddress apply(InetSocketAddress server) {
        TcpProxy made = new TcpProxy(server.getHostString(), server.getPort());
        proxy = made;
        return InetSocketAddress.createUnresolved(made.host(), made.port());
    }

    /** What went over it up to now; all of an answer that was received is counted. */
    TcpProxy.Traffic traffic() {
        if (proxy == null) {
            throw new IllegalStateException("Nobody asked for the way yet");
        }
        return proxy.traffic();
    }

    @Override
    public void close() {
        if (proxy != null) {
            proxy.close();
        }
    }
}
