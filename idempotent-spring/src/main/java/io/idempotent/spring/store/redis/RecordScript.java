package io.idempotent.spring.store.redis;

import java.nio.charset.StandardCharsets;
import org.springframework.data.redis.core.script.DigestUtils;

/**
 * The Lua scripts, one for each request of a store, and each of one key.
 *
 * <p>Each begins by asking Redis for the time and for the whole record, and answers an array of texts whose first one says
 * what it is: {@code +} for a request that was granted, {@code -} for one that was not, or else the state of the record that
 * follows. Numbers are made into text here, since Redis would cut them and Lua write large ones with an exponent; as
 * microseconds since 1970 they are whole in a double until the year 2255.
 *
 * <p>Whatever can free memory comes before what takes some: Redis refuses the first write of a script if its memory is full,
 * and none after that, so that no script ends halfway, and a key can be released when memory is full.
 */
enum RecordScript {

    // claim id, fingerprint, lease, whether it may take over
    CLAIM("""
            if s == 'p' and not over and i == ARGV[1] then
              return {'+', t, a, n}
            end
            local matches = f == ARGV[2] or f == '' or ARGV[2] == ''
            if s == 'p' and over and ARGV[4] == '1' and matches then
              n = text(n + 1)
            elseif s == 'p' or (s and s ~= 'r' and not over) then
              return record()
            else
              if s then redis.call('DEL', KEYS[1]) end
              f, a, n = ARGV[2], text(now), '0'
            end
            t = text(math.max((t or 0) + 1, now))
            redis.call('HSET', KEYS[1], 'v', '1', 's', 'p', 't', t, 'i', ARGV[1], 'f', f,
              'a', a, 'c', text(now), 'n', n, 'e', text(now + ARGV[3]))
            return {'+', t, a, n}
            """),

    // claim id, token, lease
    RENEW("""
            if not mine or s ~= 'p' then return {'-'} end
            redis.call('HSET', KEYS[1], 'e', text(now + ARGV[3]))
            return {'+'}
            """),

    // claim id, token, kind of outcome, outcome, retention
    COMPLETE("""
            if not mine or s == 'r' or (s ~= 'p' and over) then return {'-'} end
            if s == 'p' then
              local ends = now + ARGV[5]
              redis.call('HSET', KEYS[1], 's', ARGV[3], 'o', ARGV[4], 'd', text(now), 'e', text(ends))
              expireAfter(ends)
            end
            return {'+'}
            """),

    // claim id, token
    RELEASE("""
            if not mine or (s ~= 'p' and s ~= 'r') then return {'-'} end
            if s == 'p' then free(i) end
            return {'+'}
            """),

    // claim id, token
    ABANDON("""
            if not mine or s ~= 'p' then return {'-'} end
            if not over then redis.call('HSET', KEYS[1], 'e', text(now)) end
            return {'+'}
            """),

    FIND("""
            if not s or s == 'r' or (s ~= 'p' and over) then return {'-'} end
            return record()
            """),

    // token
    FORGET("""
            if t ~= ARGV[1] or s == 'r' or over ~= (s == 'p') then return {'-'} end
            free('')
            return {'+'}
            """);

    private static final String BEGINNING = """
            local function text(number) return string.format('%.0f', number) end
            local time = redis.call('TIME')
            local now = time[1] * 1000000 + time[2]
            local v, s, t, i, f, a, c, n, e, d, o = unpack(redis.call(
              'HMGET', KEYS[1], 'v', 's', 't', 'i', 'f', 'a', 'c', 'n', 'e', 'd', 'o'))
            if v ~= '1' and (v or redis.call('EXISTS', KEYS[1]) == 1) then
              return redis.error_reply('UNKNOWNFORMAT ' .. string.match(v or '', '^%d?%d?%d?'))
            end
            local over = e and tonumber(e) <= now
            local mine = i == ARGV[1] and t == ARGV[2]
            local function record()
              if s == 'p' then return {s, text(now), t, f, a, c, n, e} end
              return {s, text(now), t, f, a, c, n, e, d, o}
            end
            local function expireAfter(moment)
              redis.call('PEXPIREAT', KEYS[1], text(math.floor(math.max(moment, t) / 1000) + 1))
            end
            local function free(by)
              redis.call('DEL', KEYS[1])
              redis.call('HSET', KEYS[1], 'v', '1', 's', 'r', 't', t, 'i', by)
              expireAfter(now + 60000000)
            end
            """;

    private final String text;
    private final String digest;

    RecordScript(String rest) {
        this.text = BEGINNING + rest;
        this.digest = DigestUtils.sha1DigestAsHex(text);
    }

    /** The whole script, in UTF-8. */
    byte[] source() {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** What Redis knows the script by, once it has run it. */
    String digest() {
        return digest;
    }
}
