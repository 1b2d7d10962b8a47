package io.idempotent.benchmarks;

import io.idempotent.server.RedisServer;
import io.idempotent.spring.store.redis.RedisIdempotencyStore;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.ReturnType;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** The Redis store and a Redis. */
final class RedisBackend implements Backend {

    static final String KEY_PREFIX = RedisIdempotencyStore.DEFAULT_KEY_PREFIX;

    private static final byte[] COPY = """
            for number = ARGV[2], ARGV[3] do
              redis.call('COPY', KEYS[1], ARGV[1] .. string.format('%.0f', number))
            end
            """.getBytes(StandardCharsets.UTF_8);

    private static final int COPIES_AT_ONCE = 50_000;

    private final RedisClient client;
    private final RedisCommands<byte[], byte[]> commands;
    private final LettuceConnectionFactory connections;
    private final StoreClaimant store;
    private final boolean bare;

    /**
     * Makes a store.
     *
     * @param bare whether what is done by hand is done with Lettuce itself, or by Spring's connections
     */
    RedisBackend(boolean bare) {
        RedisServer server = RedisServer.shared();
        this.client = RedisClient.create(RedisURI.create(server.host(), server.port()));
        this.commands = client.connect(ByteArrayCodec.INSTANCE).sync();
        this.connections = new LettuceConnectionFactory(server.host(), server.port());
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
    public Claimant byHand() {
        StatementRecorder recorder = new StatementRecorder();
        new StoreClaimant(new RedisIdempotencyStore(recorder.listenTo(RedisConnectionFactory.class, connections)))
                .claimAndComplete("heard");
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
    public void fill(int records) {
        commands.flushall();
        store.claimAndComplete("example");
        for (int first = 1; first <= records; first += COPIES_AT_ONCE) {
            int last = Math.min(records, first + COPIES_AT_ONCE - 1);
            commands.eval(
                    COPY,
                    ScriptOutputType.STATUS,
                    new byte[][] {key("example")},
                    key(""),
                    bytes(Integer.toString(first)),
                    bytes(Integer.toString(last)));
        }
    }

    @Override
    public void remove(List<String> values) {
        commands.del(values.stream().map(RedisBackend::key).toArray(byte[][]::new));
    }

    private static byte[] key(String value) {
        return bytes(KEY_PREFIX + StoreClaimant.OPERATION + ":" + value);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        connections.destroy();
        client.shutdown();
    }
}
