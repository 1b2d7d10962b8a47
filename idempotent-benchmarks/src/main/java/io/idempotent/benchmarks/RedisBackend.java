package io.idempotent.benchmarks;

import io.idempotent.IdempotencyKey;
import io.idempotent.server.RedisServer;
import io.idempotent.spring.store.redis.RedisIdempotencyStore;
import io.idempotent.store.Claim;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.ReturnType;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** The Redis store and a Redis. */
final class RedisBackend implements ServerBackend {

    static final String KEY_PREFIX = RedisIdempotencyStore.DEFAULT_KEY_PREFIX;

    private static final byte[] COPY = """
            for _, key in ipairs(ARGV) do
              redis.call('COPY', KEYS[1], key)
            end
            """.getBytes(StandardCharsets.UTF_8);

    private static final String EXAMPLE = "example";

    private static final int COPIES_AT_ONCE = 10_000;

    private final RedisClient client;
    private final RedisCommands<byte[], byte[]> commands;
    private final LettuceConnectionFactory connections;
    private final StoreClaimant store;
    private final boolean bare;

    /**
     * Makes a store.
     *
     * @param way tells where to connect to instead of the server
     * @param bare whether what is done by hand is done with Lettuce itself, or by Spring's connections
     */
    RedisBackend(UnaryOperator<InetSocketAddress> way, boolean bare) {
        RedisServer server = RedisServer.shared();
        InetSocketAddress address = way.apply(InetSocketAddress.createUnresolved(server.host(), server.port()));
        this.client = RedisClient.create(RedisURI.create(address.getHostString(), address.getPort()));
        this.commands = client.connect(ByteArrayCodec.INSTANCE).sync();
        this.connections = new LettuceConnectionFactory(address.getHostString(), address.getPort());
        connections.afterPropertiesSet();
        connections.start();
        this.store = new StoreClaimant(new RedisIdempotencyStore(connections));
        this.bare = bare;
    }

    @Override
    public StoreClaimant store() {
        return store;
    }

    @Override
    public StoreClaimant heardBy(StatementRecorder recorder) {
        return new StoreClaimant(
                new RedisIdempotencyStore(recorder.listenTo(RedisConnectionFactory.class, connections)));
    }

    @Override
    public Claimant byHand() {
        StatementRecorder recorder = new StatementRecorder();
        heardBy(recorder).claimAndComplete("heard");
        return new ScriptClaimant(bare ? this::callByLettuce : this::callBySpring, recorder.drain());
    }

    private List<byte[]> callByLettuce(String digest, byte[] key, byte[]... arguments) {
        return commands.evalsha(digest, ScriptOutputType.MULTI, new byte[][] {key}, arguments);
    }

    private List<byte[]> callBySpring(String digest, byte[] key, byte[]... arguments) {
        byte[][] keyAndArguments = new byte[1 + arguments.length][];
        keyAndArguments[0] = key;
        System.arraycopy(arguments, 0, keyAndArguments, 1, arguments.length);
        try (RedisConnection connection = connections.getConnection()) {
            return connection.scriptingCommands().evalSha(digest, ReturnType.MULTI, 1, keyAndArguments);
        }
    }

    @Override
    public Optional<DataSource> database() {
        return Optional.empty();
    }

    @Override
    public void fill(int records) {
        commands.flushall();
        store.claimAndComplete(EXAMPLE);
        byte[] example = key(StoreClaimant.key(EXAMPLE));
        for (int first = 1; first <= records; first += COPIES_AT_ONCE) {
            byte[][] copies = IntStream.rangeClosed(first, Math.min(records, first + COPIES_AT_ONCE - 1))
                    .mapToObj(number -> key(StoreClaimant.key(StoreClaimant.value(number))))
                    .toArray(byte[][]::new);
            commands.eval(COPY, ScriptOutputType.STATUS, new byte[][] {example}, copies);
        }
        commands.del(example);
    }

    @Override
    public void remove(List<Claim> claims) {
        commands.del(claims.stream().map(claim -> key(claim.key())).toArray(byte[][]::new));
    }

    private static byte[] key(IdempotencyKey key) {
        return (KEY_PREFIX + key).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        connections.destroy();
        client.shutdown();
    }
}
