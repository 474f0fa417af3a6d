// Owns a directory until it is killed, or until nobody reads its standard input any more.
import { DISK } from '@kinesis-producer/core/internal/spool/file-system'
import { SOCKET_LOCKS } from '@kinesis-producer/core/internal/spool/lock'
import { makeHome } from '@kinesis-producer/core/internal/spool/ownership'

makeHome(DISK, SOCKET_LOCKS, process.argv[2] ?? '')
process.stdin.once('close', () => process.exit()).resume()
process.stdout.write('held\n')
