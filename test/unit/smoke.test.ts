import { VERSION } from '@kinesis-producer/core';
import * as internal from '@kinesis-producer/core/internal/index';
import assert from 'node:assert/strict';
describe('x', () => { it('y', () => { assert.equal(VERSION, internal.VERSION); }); });
