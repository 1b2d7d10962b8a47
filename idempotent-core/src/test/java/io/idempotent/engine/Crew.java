package io.idempotent.engine;

import io.idempotent.engine.Schedule.Actor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** The threads that play the actors of one schedule after the other. */
final class Crew implements AutoCloseable {

    /** One thread. */
    static final class Member extends Thread {

        private volatile @Nullable Actor actor;
        private volatile boolean dismissed;

        private Member(int number) {
            super("actor-" + number);
            setDaemon(true);
        }

        /** Whom it plays. */
        @Nullable
        Actor actor() {
            return actor;
        }

        @Override
        public void run() {
            while (!dismissed) {
                Actor part = actor;
                if (part == null) {
                    LockSupport.park(this);
                } else {
                    part.play();
                    actor = null;
                    part.leave();
                }
            }
        }
    }

    private final List<Member> members = new ArrayList<>();

    /** Gives an actor a thread, which waits for its turn. */
    Thread give(int number, Actor actor) {
        while (members.size() <= number) {
            Member member = new Member(members.size());
            members.add(member);
            member.start();
        }
        Member member = members.get(number);
        member.actor = actor;
        LockSupport.unpark(member);
        return member;
    }

    @Override
    public void close() {
        for (Member member : members) {
            member.dismissed = true;
            LockSupport.unpark(member);
        }
    }
}
