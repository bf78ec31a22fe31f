package mdm.spark;

import org.apache.spark.sql.api.java.UDF2;

/** Jaro's similarity as DuckDB has it: over the bytes of two texts, and an odd transposition does not count. */
public class Similarity implements UDF2 {
    public Object call(Object left, Object right) throws Exception {
        if (left == null || right == null) return null;
        return Double.valueOf(of(((String) left).getBytes("UTF-8"), ((String) right).getBytes("UTF-8")));
    }

    protected double of(byte[] a, byte[] b) {
        int window = Math.max(0, Math.max(a.length, b.length) / 2 - 1);
        boolean[] taken = new boolean[b.length];
        byte[] matched = new byte[a.length];
        int matches = 0;
        for (int i = 0; i < a.length; i++) {
            int end = Math.min(b.length, i + window + 1);
            for (int j = Math.max(0, i - window); j < end; j++) {
                if (!taken[j] && a[i] == b[j]) {
                    taken[j] = true;
                    matched[matches++] = a[i];
                    break;
                }
            }
        }
        if (matches == 0) return 0.0;
        int displaced = 0;
        int next = 0;
        for (int j = 0; j < b.length; j++) {
            if (taken[j] && b[j] != matched[next++]) displaced++;
        }
        double m = matches;
        return (m / a.length + m / b.length + (m - displaced / 2) / m) / 3.0;
    }

    /** Jaro-Winkler: what is already alike gains by a common beginning of up to four bytes. */
    public static class Winkler extends Similarity {
        protected double of(byte[] a, byte[] b) {
            double jaro = super.of(a, b);
            int prefix = 0;
            while (prefix < 4 && prefix < a.length && prefix < b.length && a[prefix] == b[prefix]) prefix++;
            // Rounded once, as DuckDB's compiler does it: thresholds are met to the last bit.
            return jaro > 0.7 ? Math.fma(prefix * 0.1, 1.0 - jaro, jaro) : jaro;
        }
    }
}
