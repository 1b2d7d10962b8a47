package io.idempotent.spring.store.redis;

import java.nio.charset.StandardCharsets;
import org.springframework.data.redis.core.script.DigestUtils;

/**
 * The Lua scripts, one for each request of a store, and each of one record. Those that begin or end what is recoverable
 * are given the index of its operation as a second key, unless on a cluster.
 *
 * <p>Each begins by asking Redis for the time and for the whole record, and answers an array of texts whose first one
 * says what it is: {@code +} for a request that was granted, {@code -} for one that was not, or else the state of the
 * record that follows. Steps stand at the end, each as a name and a content. Numbers are made into text here, since
 * Redis would cut them and Lua write large ones with an exponent; as microseconds since 1970 they are whole in a double
 * until the year 2255.
 *
 * <p>Whatever can free memory comes before what takes some: Redis refuses the first write of a script if its memory is
 * full, and none after that, so that no script ends halfway, and a key can be released when memory is full. What an
 * owner has to say of its work, that it goes on or is done, is written even then: it begins with a write that takes
 * none.
 */
enum RecordScript {

    // claim id, fingerprint, lease, whether it may take over, trace id; the request if there is one; when it was
    // entered in the index, if it was
    CLAIM("claim", """
            if running and not over and i == ARGV[1] then return claimed() end
            local matches = f == ARGV[2] or f == '' or ARGV[2] == ''
            local takesOver = running and over and ARGV[4] == '1' and matches
            local goesOn = takesOver or (s == 'k' and not over and matches)
            if not goesOn and (running or (s and s ~= 'r' and not over)) then return record() end
            local brings = ARGV[6] and not (goesOn and g)
            if brings then
              local entered = tonumber(ARGV[7] or KEYS[2] and nextToken())
              if not entered or entered <= tonumber(t or 0) or entered + longestClaim <= now then
                return {'index', nextToken()}
              end
              g = text(entered)
            end
            if not goesOn then
              if s then redis.call('DEL', KEYS[1]) end
              s, f, a, n, x = 'p', ARGV[2], text(now), '0', ''
            elseif takesOver then
              n = text(n + 1)
            else
              n = '0'
            end
            if brings then
              if KEYS[2] then redis.call('ZADD', KEYS[2], '0', entry()) end
              redis.call('HSET', KEYS[1], 'q', ARGV[6], 'g', g)
            end
            if ARGV[5] ~= '' then x = ARGV[5] end
            return claim(ARGV[1], ARGV[3])
            """),

    // claim id, token, lease
    TAKE_OVER("take over", """
            if running and not over and i == ARGV[1] then return claimed() end
            if not running or not over or t ~= ARGV[2] then return {'-'} end
            n = text(n + 1)
            return claim(ARGV[1], ARGV[3])
            """),

    // claim id, token, lease
    RENEW("renew", """
            if not mine or not running then return {'-'} end
            evenIfMemoryIsFull()
            redis.call('HSET', KEYS[1], 'e', text(now + ARGV[3]))
            return {'+'}
            """),

    // claim id, token, kind of outcome, outcome, retention
    COMPLETE("complete", """
            if not mine or s == 'r' or s == 'k' or (not running and over) then return {'-'} end
            if running then
              local ends = now + ARGV[5]
              if s == 'w' then
                redis.call('DEL', KEYS[1])
                redis.call('HSET', KEYS[1], 'v', '1', 't', t, 'i', i, 'f', f, 'a', a, 'c', c, 'n', n)
                keepTrace()
              end
              expireAfter(ends)
              redis.call('HSET', KEYS[1], 's', ARGV[3], 'o', ARGV[4], 'd', text(now), 'e', text(ends))
              if g and s == 'p' then redis.call('HDEL', KEYS[1], 'q', 'g') end
              return withdrawn()
            end
            return {'+'}
            """),

    // claim id, token, name, content
    RECORD_STEP("record a step of", """
            if not mine or not running then return {'-'} end
            evenIfMemoryIsFull()
            local step = 'step:' .. ARGV[3]
            local recorded = redis.call('HGET', KEYS[1], step)
            if not recorded or string.sub(recorded, 1, 1) == 'b' then
              redis.call('HSET', KEYS[1], 's', 'w', step, ARGV[4])
            end
            return {'+'}
            """),

    // claim id, token, and how long steps are kept, if they are
    RELEASE("release", """
            if not mine or (s ~= 'r' and s ~= 'k' and not running) or (s == 'k' and over) then return {'-'} end
            if s == 'w' and ARGV[3] then
              local ends = now + ARGV[3]
              expireAfter(ends)
              redis.call('HSET', KEYS[1], 's', 'k', 'd', text(now), 'e', text(ends))
            elseif running then
              free(i)
              return withdrawn()
            end
            return {'+'}
            """),

    // claim id, token
    ABANDON("abandon", """
            if not mine or not running then return {'-'} end
            evenIfMemoryIsFull()
            if not over then redis.call('HSET', KEYS[1], 'e', text(now)) end
            return {'+'}
            """),

    FIND("find", """
            if not s or s == 'r' or (not running and over) then return {'-'} end
            return record()
            """),

    FIND_STEPS("find the steps of", """
            if s ~= 'w' and (s ~= 'k' or over) then return {'+'} end
            return withSteps({'+'})
            """),

    // Of anything that has a Redis key like a record's. What is completed is not answered, for its outcome may be
    // large.
    LIST("list", """
            if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return {'-'} end
            """, """
            if not running then return {'-'} end
            return record()
            """),

    // token
    FORGET("forget", """
            if t ~= ARGV[1] or s == 'r' or over ~= running then return {'-'} end
            free('')
            return withdrawn()
            """),

    // token
    FIND_REQUEST("find the request of", """
            local q = running and t == ARGV[1] and redis.call('HGET', KEYS[1], 'q')
            return q and {'+', q} or {'-'}
            """),

    // Of the records of any number of entries of the index: how long ago the lease has to have ended; when each was
    // entered. An entry is outdated if its record has another, or none, and no claim may follow it any more.
    LIST_RECOVERABLE("list", """
            local function look(KEYS, ARGV)
            """, """
            if g == ARGV[1] and (running or (s == 'k' and not over)) then
              if running and e + ARGV[2] <= now then return record() end
            elseif ARGV[1] + longestClaim <= now then
              return {'outdated'}
            end
            return {'-'}
            end
            local answers = {}
            for index = 1, #KEYS do
              answers[index] = look({KEYS[index]}, {ARGV[index + 1], ARGV[1]})
              if answers[index].err then answers[index] = {'-'} end
            end
            return answers
            """);

    private static final String BEGINNING = """
            local function text(number) return string.format('%.0f', number) end
            local time = redis.call('TIME')
            local now = time[1] * 1000000 + time[2]
            local v, s, t, i, f, a, c, n, x, e, d, o, g = unpack(redis.call(
              'HMGET', KEYS[1], 'v', 's', 't', 'i', 'f', 'a', 'c', 'n', 'x', 'e', 'd', 'o', 'g'))
            if v ~= '1' and (v or redis.call('EXISTS', KEYS[1]) == 1) then
              return redis.error_reply('UNKNOWNFORMAT ' .. string.match(v or '', '^%d?%d?%d?'))
            end
            x = x or ''
            local over = e and tonumber(e) <= now
            local mine = i == ARGV[1] and t == ARGV[2]
            local running = s == 'p' or s == 'w'
            local function evenIfMemoryIsFull() redis.call('PERSIST', KEYS[1]) end
            local function keepTrace()
              if x ~= '' then redis.call('HSET', KEYS[1], 'x', x) end
            end
            local function record()
              if running then return {'p', text(now), t, f, a, c, n, x, e} end
              if s == 'k' then return {s, text(now), t, f, a, c, n, x, e, d} end
              return {s, text(now), t, f, a, c, n, x, e, d, o}
            end
            local function withSteps(answer)
              local fields = redis.call('HGETALL', KEYS[1])
              for index = 1, #fields, 2 do
                if string.sub(fields[index], 1, 5) == 'step:' then
                  answer[#answer + 1] = string.sub(fields[index], 6)
                  answer[#answer + 1] = fields[index + 1]
                end
              end
              return answer
            end
            local function claimed()
              if s == 'w' then return withSteps({'+', t, a, n}) end
              return {'+', t, a, n}
            end
            local longestClaim = 30000000
            local function nextToken() return text(math.max((t or 0) + 1, now)) end
            local function entry() return KEYS[1] .. '\\0' .. g end
            local function withdrawn()
              if not g then return {'+'} end
              if not KEYS[2] then return {'+', g} end
              redis.call('ZREM', KEYS[2], entry())
              return {'+'}
            end
            local function claim(id, lease)
              local released = s == 'k'
              if released then s = 'w' end
              t = nextToken()
              redis.call('HSET', KEYS[1], 'v', '1', 's', s, 't', t, 'i', id, 'f', f,
                'a', a, 'c', text(now), 'n', n, 'e', text(now + lease))
              keepTrace()
              if released then
                redis.call('HDEL', KEYS[1], 'd')
                redis.call('PERSIST', KEYS[1])
              end
              return claimed()
            end
            -- Never while the script runs, which writes more: it would leave a record of which the first half is gone.
            local function expireAfter(moment)
              redis.call('PEXPIREAT', KEYS[1], text(math.floor(math.max(moment, t, now + 1000000) / 1000) + 1))
            end
            local function free(by)
              redis.call('DEL', KEYS[1])
              redis.call('HSET', KEYS[1], 'v', '1', 's', 'r', 't', t, 'i', by)
              expireAfter(now + 60000000)
            end
            """;

    private final String action;
    private final String text;
    private final String digest;

    RecordScript(String action, String rest) {
        this(action, "", rest);
    }

    RecordScript(String action, String first, String rest) {
        this.action = action;
        this.text = first + BEGINNING + rest;
        this.digest = DigestUtils.sha1DigestAsHex(text);
    }

    /** What it does, in words that are followed by what it is done to. */
    String action() {
        return action;
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
